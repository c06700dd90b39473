// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import CommandLineSupport
import Console
import Layers
import Reversible
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

    @Option(
        help: ArgumentHelp(
            "Print stages and branches instead, for an input such as 1,3,224,224.",
            valueName: "shape"))
    var plan: String?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws {
        _ = try BackboneCatalog.named(name)
        _ = try shape()
    }

    func run() throws {
        let console = common.start()
        let entry = try BackboneCatalog.named(name)
        // No weight is drawn.
        try DryRun.measure {
            let network = entry.make(key: RandomKey(seed: 0))
            if let shape = try shape() {
                try plan(network, shape, on: console)
            } else {
                let tree = ModuleTree(network)
                try console.result(Node(tree)) { tree.description }
            }
        }.result
    }

    /// The shape given; nil without one.
    private func shape() throws -> [Int]? {
        guard let plan else { return nil }
        let input = try BackboneCatalog.named(name).input
        let shape = plan.split(separator: ",").map { Int($0) ?? 0 }
        guard shape.allSatisfy({ (1...1 << 20).contains($0) }), input.accepts(shape) else {
            throw ValidationError("--plan \(plan): expected a shape \(input.text) for \(name)")
        }
        return shape
    }

    private func plan(_ network: any Backbone, _ shape: [Int], on console: CommandOutput) throws {
        let stages = network.stagePlans(shape)
        let rows = stages.flatMap { plan in
            plan.stage.branches.map { branch in
                let unit =
                    switch branch.unit {
                    case .sample: "sample"
                    case .token: "token"
                    case .groups(let groups): "groups of \(groups.capacity)"
                    }
                return PlanRow(
                    stage: plan.stage.name, branch: branch.name, unit: unit, tokens: plan.tokens,
                    width: plan.width)
            }
        }
        try console.result(rows) {
            var table = TextTable(
                ["stage", "branch", "unit", "tokens a sample", "width"], numbers: [3, 4])
            for row in rows {
                table.append([row.stage, row.branch, row.unit, "\(row.tokens)", "\(row.width)"])
            }
            return table.text
        }
    }

    /// A branch of a stage.
    private struct PlanRow: Encodable {
        let stage, branch, unit: String
        let tokens, width: Int
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
