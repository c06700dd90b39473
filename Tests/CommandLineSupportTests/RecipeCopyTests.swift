// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Datasets
import Foundation
import Testing

@Suite("Copies of recipes") struct RecipeCopyTests {
    private let folder: SomeFolder
    private let catalog: RecipeCatalog

    init() throws {
        folder = try SomeFolder(["out/keep"])
        let recipes = folder("tasks/one/recipes")
        try FileManager.default.createDirectory(
            atPath: recipes, withIntermediateDirectories: true)
        for (name, text) in [
            "plain": "# Plain.\nsteps: 1\n", "child": "base: parent.yaml\nsteps: 2\n",
            "parent": "steps: 3\nseed: 4\n",
        ] { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(recipes)/\(name).yaml")) }
        catalog = RecipeCatalog(folder: folder("tasks"))
    }

    private func copy(_ name: String, to path: String) throws -> [String] {
        try RecipeCopy.write(try catalog.recipe(named: name), to: folder(path))
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder("out")).sorted()
    }

    @Test("the copy has the recipe's bytes, its base lies beside it, and nothing else is there")
    func copiesAreWhole() throws {
        #expect(try copy("plain", to: "out/mine.yaml") == [folder("out/mine.yaml")])
        #expect(
            try String(contentsOfFile: folder("out/mine.yaml"), encoding: .utf8)
                == "# Plain.\nsteps: 1\n")
        #expect(
            try copy("child", to: "out/child.yaml")
                == [folder("out/child.yaml"), folder("out/parent.yaml")])
        #expect(
            try String(contentsOfFile: folder("out/parent.yaml"), encoding: .utf8)
                == "steps: 3\nseed: 4\n")
        // The base is there by now, and the same.
        #expect(try copy("child", to: "out/second.yaml") == [folder("out/second.yaml")])
        #expect(
            try names() == ["child.yaml", "keep", "mine.yaml", "parent.yaml", "second.yaml"])
    }

    @Test("what is there is not replaced, and then nothing is written")
    func nothingIsReplaced() throws {
        try folder.add("out/mine.yaml")
        try folder.add("out/parent.yaml")
        let before = try names()
        #expect(
            complaint { _ = try copy("plain", to: "out/mine.yaml") }
                == "\(folder("out/mine.yaml")): is there already; name another file with --to")
        let base = complaint { _ = try copy("child", to: "out/child.yaml") }
        #expect(base.hasPrefix("\(folder("out/parent.yaml")): is there already; it would be"))
        #expect(complaint { _ = try copy("plain", to: "none/a.yaml") }.contains("no folder"))
        #expect(complaint { _ = try copy("plain", to: "out/a.txt") }.contains(".yaml"))
        let own = complaint { _ = try copy("plain", to: "tasks/one/recipes/plain.yaml") }
        #expect(own.contains("is the input"), "\(own)")
        #expect(try names() == before)
    }
}
