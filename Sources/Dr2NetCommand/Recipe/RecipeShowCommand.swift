// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net recipe show`.
struct RecipeShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a recipe as it is written.")

    @Argument(help: "The recipe's name, as `recipe list` shows it.")
    var name: String

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let recipe = try RecipeCatalog.find().recipe(named: name)
        let result = Result(name: name, path: recipe.path, text: try recipe.text())
        try console.result(result) {
            // The console ends the last line.
            String(result.text.hasSuffix("\n") ? result.text.dropLast() : result.text[...])
        }
    }

    private struct Result: Encodable {
        let name, path, text: String
    }
}
