// SPDX-License-Identifier: Apache-2.0
import Recipes
import Training

/// A recipe of the task that the checklist in CONTRIBUTING.md was tried with: the class of a row of
/// numbers.
struct RowRecipe: TaskRecipe {
    static let task = "rows"

    var shared: SharedRecipe
    /// A CSV file: numbers, then a class, a row each.
    var table: String
    /// Channels of the hidden layer.
    var hidden: Int

    init(_ reader: RecipeReader, _ shared: SharedRecipe) throws {
        self.shared = shared
        let data = try reader.section("data")
        table = try data.requiredPath("table", expected: "a CSV file of rows")
        hidden = try reader.section("network").value("hidden", default: 8, in: 1...1024)
    }
}
