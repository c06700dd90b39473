// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation
import Testing

@Suite("Files of a part") struct PartFilesTests {
    @Test(arguments: [
        ("abc", "*", true), ("abc", "a*c", true), ("abc", "*b", false), ("abc", "abc", true),
        ("abc", "ab", false), ("abab", "*ab", true), ("", "*", true), ("a", "", false),
        ("video_test_1.mp4", "video_test_*", true), ("video_val_1.mp4", "video_test_*", false),
    ])
    func fitsPatterns(name: String, pattern: String, fits: Bool) {
        #expect(PartFiles.fits(Array(name), Array(pattern)) == fits)
    }

    private func part(_ at: [String], _ files: String?, _ kind: Manifest.PartKind = .image) throws
        -> Manifest.Part
    {
        var keys: [String: Any] = ["name": "part", "kind": kind.rawValue, "at": at]
        if let files { keys["files"] = files }
        return try JSONDecoder().decode(
            Manifest.Part.self, from: JSONSerialization.data(withJSONObject: keys))
    }

    @Test func takesTheFirstPlaceWithAFile() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "first/notes.txt")
        try folder.write("", to: "second/b.PNG")
        try folder.write("", to: "second/a.jpg")
        try folder.write("", to: "second/.hidden.jpg")
        try folder.write("", to: "second/readme.txt")
        let found = try PartFiles(
            part(["none", "first", "second"], "*"), in: folder.path, endings: ["jpg", "png"])
        #expect(found.place == "second")
        #expect(found.files == ["a.jpg", "b.PNG"])
        #expect(found.others == ["readme.txt"])
    }

    @Test func goesAsDeepAsThePattern() throws {
        let folder = try TemporaryFolder()
        for path in ["chair/train/a.off", "chair/test/b.off", "chair/c.off", "x/train/deep/d.off"] {
            try folder.write("", to: path)
        }
        let found = try PartFiles(
            part(["."], "*/train/*", .mesh), in: folder.path, endings: ["off"])
        #expect(found.files == ["chair/train/a.off"])
        #expect(found.others == [])
    }

    @Test func roomsAreFolders() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "Area_1/office_1/Annotations/wall_1.txt")
        try folder.write("", to: "Area_1/alignment.txt")
        let found = try PartFiles(part(["."], "Area_1/*", .room), in: folder.path, endings: nil)
        #expect(found.files == ["Area_1/office_1"])
        #expect(found.others == ["Area_1/alignment.txt"])
    }

    @Test func aFileIsItsOwnPlace() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "annotations/a.json")
        let found = try PartFiles(
            part(["a.json", "annotations/a.json"], nil, .coco), in: folder.path, endings: nil)
        #expect(found.place == "annotations/a.json")
        #expect(found.files == [""])
    }
}
