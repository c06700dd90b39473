// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

@Suite("Finding recipes") struct RecipeCatalogTests {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The repository's own recipes.
    private let repository = RecipeCatalog(folder: "\(RecipeCatalogTests.checkout)/tasks")

    @Test func theEnvironmentComesFirst() throws {
        let folder = try TemporaryFolder()
        try folder.write("x: 1", to: "elsewhere/one/recipes/a.yaml")
        try folder.write("x: 1", to: "root/tasks/one/recipes/b.yaml")
        let catalog = try RecipeCatalog.find(
            environment: ["DR2NET_RECIPES": "\(folder.path)/elsewhere"],
            executable: "\(folder.path)/root/.build/release/dr2net", currentFolder: "/")
        #expect(
            catalog.recipes.map(\.path) == ["\(folder.path)/elsewhere/one/recipes/a.yaml"])
    }

    @Test func aCheckoutAndAnInstallationHaveTheSameTree() throws {
        let folder = try TemporaryFolder()
        for root in ["checkout", "usr/share/dr2net"] {
            try folder.write("x: 1", to: "\(root)/tasks/two/recipes/c.yaml")
            try folder.write("x: 1", to: "\(root)/tasks/one/recipes/d.yaml")
            try folder.write("# text", to: "\(root)/tasks/one/README.md")
        }
        for executable in ["checkout/.build/release/dr2net", "usr/bin/dr2net"] {
            let catalog = try RecipeCatalog.find(
                environment: [:], executable: "\(folder.path)/\(executable)", currentFolder: "/")
            #expect(catalog.recipes.map(\.name) == ["d", "c"])
            #expect(catalog.recipes.map(\.task) == ["one", "two"])
        }
    }

    @Test func aFolderOfTasksWithoutRecipesIsPassedOver() throws {
        let folder = try TemporaryFolder()
        try folder.write("x: 1", to: "share/dr2net/tasks/one/recipes/a.yaml")
        try folder.write("x: 1", to: "bin/tasks/one/notes.yaml")
        let catalog = try RecipeCatalog.find(
            environment: [:], executable: "\(folder.path)/bin/dr2net", currentFolder: "/")
        #expect(catalog.folder == "\(folder.path)/share/dr2net/tasks")
    }

    @Test func theErrorSaysWhereItLooked() throws {
        let nowhere = try #require(
            error {
                _ = try RecipeCatalog.find(
                    environment: [:], executable: "/nowhere/bin/dr2net", currentFolder: "/nothing")
            })
        #expect(
            nowhere.description
                == "no folder tasks with TASK/recipes/NAME.yaml in it: looked in and above "
                + "/nowhere/bin and /nothing; set DR2NET_RECIPES to it")
    }

    @Test(arguments: [
        ("big-buk-bunny", "did you mean \"big-buck-bunny\"?"),
        ("tree", "did you mean \"trees\"?"),
        ("imagenet-21k-of-somebody-else", "known recipes: furniture, lidar"),
        ("../trees", "did you mean \"trees\"?"),
    ])
    func anUnknownNameGetsTheNearestOne(name: String, hint: String) throws {
        let error = try #require(error { _ = try repository.recipe(named: name) })
        #expect(error.description.contains(hint), "\(error)")
    }

    /// A name stands for one file, so no two tasks may have recipes of one name.
    @Test func everyRecipeHasItsOwnName() throws {
        #expect(repository.recipes.count > 10)
        #expect(Set(repository.recipes.map(\.name)).count == repository.recipes.count)
        for recipe in repository.recipes {
            #expect(try repository.recipe(named: recipe.name) == recipe)
            #expect(FileManager.default.fileExists(atPath: recipe.path))
        }
    }
}
