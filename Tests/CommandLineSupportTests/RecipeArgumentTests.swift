// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Datasets
import Foundation
import Testing

@Suite("Recipes as arguments") struct RecipeArgumentTests {
    @Test("a file comes first, then the recipe of that name")
    func filesComeFirst() throws {
        let folder = try SomeFolder([
            "tasks/one/recipes/trees.yaml", "tasks/one/recipes/lidar.yaml", "mine",
        ])
        let catalog = RecipeCatalog(folder: folder("tasks"))
        let trees = folder("tasks/one/recipes/trees.yaml")
        #expect(try RecipeArgument.path(of: "trees", in: catalog) == trees)
        #expect(try RecipeArgument.path(of: folder("mine"), in: catalog) == folder("mine"))
        // What has a slash is a path, there or not: the reader says what is wrong with it.
        for path in [folder("none"), "./trees", "/trees", ""] {
            #expect(try RecipeArgument.path(of: path, in: catalog) == path)
        }
        #expect(try RecipeArgument.path(of: "trees", in: nil) == "trees")
    }

    @Test("a name that is neither gets the nearest")
    func unknownNames() throws {
        let folder = try SomeFolder(["tasks/one/recipes/trees.yaml"])
        let catalog = RecipeCatalog(folder: folder("tasks"))
        #expect(
            complaint { _ = try RecipeArgument.path(of: "tres", in: catalog) }
                == "tres: no such file, and no recipe is called \"tres\"; did you mean \"trees\"? "
                + "(`dr2net recipe list` shows all)")
    }
}
