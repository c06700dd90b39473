// SPDX-License-Identifier: Apache-2.0
import Console
package import Datasets
import Recipes

/// One line of `dr2net recipe list`.
package struct RecipeSummary: Encodable, Sendable, Equatable {
    /// The name on the command line.
    package let name: String
    /// The task's command, such as `detect`.
    package let task: String
    /// The recipe's first line of comment.
    package let summary: String
    /// Where it lies.
    package let path: String

    /// The summary of a recipe.
    ///
    /// - Throws: One line for a file that is no recipe or names no task.
    package init(_ recipe: RecipeCatalog.Recipe) throws {
        name = recipe.name
        path = recipe.path
        let reader = RecipeReader(try RecipeDocument(path: recipe.path))
        task = try reader.requiredText("task", expected: "the task's command, such as tad")
        let first = try recipe.text().split(separator: "\n").first ?? ""
        summary = first.hasPrefix("#") ? String(first.drop { "# ".contains($0) }) : ""
    }

    /// The recipes, below a line for each task.
    package static func table(_ summaries: [RecipeSummary]) -> String {
        var table = TextTable()
        var task: String?
        for summary in summaries {
            if summary.task != task { table.append(["dr2net \(summary.task) train"]) }
            task = summary.task
            table.append(["  " + summary.name, summary.summary])
        }
        return table.text
    }
}
