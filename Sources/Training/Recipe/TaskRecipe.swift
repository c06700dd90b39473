// SPDX-License-Identifier: Apache-2.0
package import Files
package import Recipes

/// The keys that the recipes of all tasks share.
package struct SharedRecipe: Sendable {
    /// How long to train and by which optimizer, when to save and to evaluate.
    package var training: TrainingRecipe
    /// How the backbone is finetuned.
    package var finetuning: FinetuningRecipe
    /// The whole recipe with every default written out, a task's own keys included.
    package fileprivate(set) var resolved: ResolvedRecipe

    /// Reads and checks the shared keys.
    package init(_ reader: RecipeReader) throws(InputError) {
        training = try TrainingRecipe(reader)
        finetuning = try FinetuningRecipe(reader)
        resolved = reader.resolved
    }
}

/// A task's recipe: everything that a run depends on.
package protocol TaskRecipe: Sendable {
    /// The task's command, which the recipe's key `task` names.
    static var task: String { get }
    /// The keys that every task has.
    var shared: SharedRecipe { get set }

    /// Reads and checks the task's own sections.
    ///
    /// - Parameter shared: What was read before them.
    init(_ reader: RecipeReader, _ shared: SharedRecipe) throws
}

extension TaskRecipe {
    /// Reads and checks a whole recipe.
    ///
    /// - Parameter dataFolder: What `data:` at the beginning of its paths stands for.
    package init(_ document: RecipeDocument, dataFolder: String) throws {
        let reader = RecipeReader(document, dataFolder: dataFolder)
        _ = try reader.choice("task", default: Self.task, among: [Self.task])
        try self.init(reader, SharedRecipe(reader))
        try reader.finish()
        shared.resolved = reader.resolved
    }

    /// How long to train and by which optimizer.
    package var training: TrainingRecipe { shared.training }
    /// How the backbone is finetuned.
    package var finetuning: FinetuningRecipe { shared.finetuning }
    /// The recipe with every default written out.
    package var resolved: ResolvedRecipe { shared.resolved }
}
