// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Foundation
import Testing

@Suite("Lists of inputs") struct InputListTests {
    private let images = InputList.Kind("image", endings: ["png", "jpg"])

    @Test("a folder stands for its files of the right ending, by name")
    func folders() throws {
        let folder = try SomeFolder(
            ["d/b.png", "d/a.JPG", "d/10.png", "d/9.png", "d/.x.png", "d/n.txt", "d/e/c.png"])
        let list = try InputList([folder("d/")], images)
        #expect(folder.names(list.paths) == ["d/10.png", "d/9.png", "d/a.JPG", "d/b.png"])
        #expect(list.notes.count == 1)
        #expect(list.notes[0].contains("4 images, 1 other files passed over, folders in it"))
    }

    @Test("patterns match names and, with **, folders")
    func patterns() throws {
        let folder = try SomeFolder(["a/1.png", "a/b/1.png", "a/b/c/2.png", "a/b/x.txt", "a/3.jpg"])
        func found(_ pattern: String) throws -> [String] {
            folder.names(try InputList([folder(pattern)], images).paths)
        }
        #expect(try found("a/*.png") == ["a/1.png"])
        #expect(try found("a/[13].*") == ["a/1.png", "a/3.jpg"])
        #expect(try found("a/**/*.png") == ["a/1.png", "a/b/1.png", "a/b/c/2.png"])
        #expect(try found("*/?/1.png") == ["a/b/1.png"])
        // What matches a folder stands for its files, as it does when a shell expands it.
        #expect(try found("a/b*") == ["a/b/1.png"])
        #expect(complaint { _ = try found("a/*.bmp") }.contains("matches nothing"))
    }

    @Test("a file whose name has the signs of a pattern is itself")
    func oddNames() throws {
        let folder = try SomeFolder(["x[1].png", "x1.png"])
        let list = try InputList([folder("x[1].png")], images)
        #expect(folder.names(list.paths) == ["x[1].png"])
    }

    @Test("each place is taken once, links of other names are not the same")
    func duplicates() throws {
        let folder = try SomeFolder(["d/a.png", "d/b.png"])
        try folder.link("d/c.png", to: "d/a.png")
        try folder.link("e", to: "d")
        let list = try InputList(
            [folder("d/b.png"), folder("d"), folder("d/../d/./a.png"), folder("e/a.png")], images)
        #expect(folder.names(list.paths) == ["d/b.png", "d/a.png", "d/c.png"])
        #expect(list.notes.last?.hasPrefix("3 images are named more than once") == true)
    }

    @Test("a folder may be an input, and files may be none")
    func kinds() throws {
        let folder = try SomeFolder(["d/room/Annotations/x.txt", "d/a.png", "d/a.predicted.png"])
        var kind = images
        kind.takesFolder = { FileManager.default.fileExists(atPath: $0 + "/Annotations") }
        kind.leavesOut = { $0.contains(".predicted.") }
        #expect(folder.names(try InputList([folder("d")], kind).paths) == ["d/a.png", "d/room"])
        #expect(folder.names(try InputList([folder("d/room")], kind).paths) == ["d/room"])
    }

    @Test("what is missing or empty is named")
    func faults() throws {
        let folder = try SomeFolder(["d/e/a.png"])
        #expect(
            complaint { _ = try InputList([folder("d")], images) }.contains(
                "holds no image (jpg, png) beside 1 folders"))
        let list = try InputList([folder("none.png"), folder("d/e")], images)
        #expect(folder.names(list.paths) == ["none.png", "d/e/a.png"])
        #expect(complaint { try list.checkPresent() }.contains("none.png: no such file"))
    }
}
