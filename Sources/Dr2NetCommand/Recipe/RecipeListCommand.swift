// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net recipe list`.
struct RecipeListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the recipes by task, a line each.")

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let summaries = try RecipeCatalog.find().recipes.map { try RecipeSummary($0) }
        try console.result(summaries) { RecipeSummary.table(summaries) }
    }
}
