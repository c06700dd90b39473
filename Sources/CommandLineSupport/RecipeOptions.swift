// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import Datasets
import Foundation
package import Recipes

/// What a command line lays over a recipe, the same in every command that reads one.
package struct RecipeOverrides: ParsableArguments {
    /// `key.path=value`.
    @Option(help: "Override a key of the recipe: key.path=value. Repeatable.")
    package var set: [String] = []

    /// The recipe's `seed`.
    @Option(help: "Seed of every random draw: the recipe's key seed.")
    package var seed: UInt64?

    /// The recipe's `data.keepGoing`.
    @Flag(help: "Leave out and list faulty data instead of failing: the recipe's data.keepGoing.")
    package var keepGoing = false

    /// Nothing laid over.
    package init() {}

    /// Refuses options that change nothing in a command.
    ///
    /// - Parameters:
    ///   - seed: Why `--seed` changes nothing; nil where it does.
    ///   - keepGoing: Why `--keep-going` changes nothing; nil where it does.
    package func refuse(seed: String? = nil, keepGoing: String? = nil) throws {
        if let seed, self.seed != nil { throw ValidationError("--seed: \(seed); leave it out") }
        if let keepGoing, self.keepGoing {
            throw ValidationError("--keep-going: \(keepGoing); leave it out")
        }
    }

    /// The recipe that `argument` names, with the options laid over it; says where it lies if it
    /// comes with the program.
    ///
    /// - Parameter further: `key.path=value` of the command's own options, laid over these.
    package func document(
        of argument: String, adding further: [String] = [], _ output: CommandOutput
    ) throws -> RecipeDocument {
        let path = try RecipeArgument.path(of: argument, in: try? RecipeCatalog.find())
        if path != argument { output.note("recipe \(argument): \(path)") }
        return try RecipeDocument(path: path, overrides: settings + further)
    }

    /// All of them as `key.path=value`.
    package var settings: [String] {
        self.set + (keepGoing ? ["data.keepGoing=true"] : []) + (seed.map { ["seed=\($0)"] } ?? [])
    }
}

/// The recipe of a command, and what is laid over it.
package struct RecipeOptions: ParsableArguments {
    /// The recipe's path or name.
    @Argument(help: RecipeArgument.help, completion: RecipeArgument.completion)
    package var recipe: String

    /// What is laid over it.
    @OptionGroup package var overrides: RecipeOverrides

    /// Options at their defaults.
    package init() {}

    /// The recipe with the options laid over it.
    ///
    /// - Parameter further: `key.path=value` of the command's own options.
    package func document(
        adding further: [String] = [], _ output: CommandOutput
    ) throws -> RecipeDocument {
        try overrides.document(of: recipe, adding: further, output)
    }
}
