// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net recipe copy`.
struct RecipeCopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy a recipe to a file of your own, to change it.",
        discussion: """
            A recipe with a base is copied with it, into the same folder. A file that is there \
            already is not replaced.
            """)

    @Argument(help: "The recipe's name, as `recipe list` shows it.")
    var name: String

    @Option(
        name: .customLong("to"),
        help: "The file to write. (default: the name with .yaml, in the current folder)",
        completion: .file(extensions: ["yaml"]))
    var output: String?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let recipe = try RecipeCatalog.find().recipe(named: name)
        let written = try RecipeCopy.write(recipe, to: output ?? "\(name).yaml")
        try console.result(Result(name: name, written: written)) {
            written.joined(separator: "\n")
        }
    }

    private struct Result: Encodable {
        let name: String
        let written: [String]
    }
}
