// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import CommandLineSupport
import Layers
import Tensors

/// `dr2net backbone show`.
struct BackboneShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a network as a tree of modules, with shapes and parameters.",
        discussion: "Blocks that are alike are one line, and what is below it is one of them.")

    @Argument(
        help: "The network, as `backbone list` names it.",
        completion: .list(BackboneCatalog.entries.map(\.name)))
    var name: String

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws { _ = try BackboneCatalog.named(name) }

    func run() throws {
        let console = common.start()
        let tree = ModuleTree(try BackboneCatalog.named(name).make(key: RandomKey(seed: 0)))
        try console.result(Node(tree)) { tree.description }
    }

    /// A module and all below it.
    private struct Node: Encodable {
        let name, type: String
        let parameterCount: Int
        let parameters: [Parameter]
        let children: [Node]

        struct Parameter: Encodable {
            let name: String
            let shape: [Int]
        }

        init(_ tree: ModuleTree) {
            name = tree.name
            type = tree.type
            parameterCount = tree.parameterCount
            parameters = tree.parameters.map { Parameter(name: $0.name, shape: $0.shape) }
            children = tree.children.map(Node.init)
        }
    }
}
