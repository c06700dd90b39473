// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Datasets
import Foundation
import Testing

@Suite("The list of recipes") struct RecipeSummaryTests {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The list is read without the file, so the first line must be able to stand alone.
    @Test("every recipe begins with one short sentence that says what it is, and names its task")
    func firstLinesStandAlone() throws {
        let recipes = RecipeCatalog(folder: "\(RecipeSummaryTests.checkout)/tasks").recipes
        #expect(recipes.count > 10)
        for recipe in recipes {
            let summary = try RecipeSummary(recipe)
            #expect(summary.summary.hasSuffix("."), "\(recipe.name): \(summary.summary)")
            #expect((20...100).contains(summary.summary.count), "\(recipe.name)")
            #expect(["tad", "detect", "points"].contains(summary.task), "\(recipe.name)")
        }
    }

    @Test("recipes stand below their task's command")
    func tableHasGroups() throws {
        let folder = try SomeFolder()
        for (name, text) in [
            "a/recipes/one": "# The first.\n# More.\ntask: tad\n",
            "a/recipes/two": "base: one.yaml",
            "b/recipes/three": "#The third.\ntask: points\n",
        ] {
            try folder.add("tasks/\(name).yaml")
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder("tasks/\(name).yaml")))
        }
        let recipes = RecipeCatalog(folder: folder("tasks")).recipes
        #expect(
            RecipeSummary.table(try recipes.map { try RecipeSummary($0) }) == """
                dr2net tad train
                  one                The first.
                  two
                dr2net points train
                  three              The third.
                """)
    }

    @Test("a recipe without a task is refused")
    func taskIsNeeded() throws {
        let folder = try SomeFolder(["tasks/a/recipes/x.yaml"])
        try Data("steps: 1".utf8).write(to: URL(fileURLWithPath: folder("tasks/a/recipes/x.yaml")))
        let recipe = try RecipeCatalog(folder: folder("tasks")).recipe(named: "x")
        #expect(complaint { _ = try RecipeSummary(recipe) }.contains("task is missing"))
    }
}
