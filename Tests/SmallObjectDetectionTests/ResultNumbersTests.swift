// SPDX-License-Identifier: Apache-2.0
import Files
import Regions
import SmallObjectDetection
import Testing

@Suite("Numbers of results") struct ResultNumbersTests {
    /// An annotation file without annotations: image numbers by file name, classes by number.
    private func file(
        _ folder: DataFolder, images: [String: Int],
        classes: [(Int, String)]? = [(7, "tree"), (2, "bush")]
    ) throws -> String {
        let images = images.sorted { $0.value < $1.value }.map {
            #"{"id": \#($0.value), "file_name": "\#($0.key)"}"#
        }
        let classes = classes.map { list in
            ", \"categories\": ["
                + list.map { #"{"id": \#($0.0), "name": "\#($0.1)"}"# }.joined(separator: ",")
                + "]"
        }
        return try folder.write(
            "{\"images\": [\(images.joined(separator: ","))]\(classes ?? "")}", "index.json")
    }

    private func numbers(
        _ inputs: [String], _ index: String, images: String? = nil,
        labels: [String] = ["bush", "tree"]
    ) throws(InputError) -> ResultNumbers {
        try ResultNumbers(
            inputs: inputs, index: index, imageFolder: images, labels: labels,
            ids: Array(1...labels.count))
    }

    @Test("without a file images count from 1 and classes have the run's numbers")
    func countsWithoutFile() {
        let found = ResultNumbers(inputs: ["b.png", "a.png"], labels: ["x", "y"], ids: [4, 9])
        #expect(found.index.images.map(\.id) == [1, 2])
        #expect(found.index.categories == [.init(id: 4, name: "x"), .init(id: 9, name: "y")])
    }

    @Test("pictures of one name in two folders are the images of those folders")
    func goesByPath() throws {
        let folder = try DataFolder()
        let index = try file(folder, images: ["a/0001.png": 1, "./b/0001.png": 2, "c\\\\1.png": 5])
        for inputs in [
            ["x/b/0001.png", "x/a/0001.png", "x/c/1.png"],
            ["x/y/../b/./0001.png", "/x/a/0001.png", "c/1.png"],
        ] {
            let found = try numbers(inputs, index)
            #expect(found.index.images.map(\.id) == [2, 1, 5])
            #expect(found.index.images.map(\.file) == inputs)
        }
    }

    @Test("classes have the file's numbers, by name")
    func classesGoByName() throws {
        let folder = try DataFolder()
        let found = try numbers(["a.png"], file(folder, images: ["a.png": 3]))
        #expect(
            found.index.categories == [.init(id: 2, name: "bush"), .init(id: 7, name: "tree")])
        #expect(found.lacking.isEmpty && found.notes.isEmpty)
    }

    @Test("a class that the file lacks is named and its detections left out")
    func lackingClasses() throws {
        let folder = try DataFolder()
        let found = try numbers(
            ["a.png"], file(folder, images: ["a.png": 3]), labels: ["car", "tree"])
        #expect(found.notes.count == 1 && found.notes[0].contains("no class \"car\""))
        let box = Box(x1: 0, y1: 0, x2: 4, y2: 4)
        let kept = found.numbered([
            Item(box, label: 0, score: 0.9),
            Item(box, label: 1, score: 0.8),
        ])
        #expect(kept == [Item(box, label: 1, score: 0.8)])
        #expect(found.index.categories[1].id == 7)
    }

    @Test("a file without classes leaves the run's numbers")
    func noClasses() throws {
        let folder = try DataFolder()
        let found = try numbers(["a.png"], file(folder, images: ["a.png": 3], classes: nil))
        #expect(found.index.categories.map(\.id) == [1, 2] && found.lacking.isEmpty)
        #expect(found.notes.count == 1)
    }

    @Test(
        "names that fit several images, several pictures or none end before the work",
        arguments: [
            (["0.png", "b/0.png"], ["x/b/0.png"], "may be image"),
            (["0.png"], ["a/0.png", "b/0.png"], "a/0.png and b/0.png are both image 0.png"),
            (["a/0.png"], ["b/0.png"], "such as a/0.png"),
            (["a/0.png"], ["0.png"], "is none of the 1 images"),
        ])
    func ambiguousNames(images: [String], inputs: [String], part: String) throws {
        let folder = try DataFolder()
        let index = try file(
            folder,
            images: Dictionary(uniqueKeysWithValues: images.enumerated().map { ($1, $0 + 1) }))
        let found = COCOFixture.complaint {
            _ = try numbers(inputs, index)
        }
        #expect(found.contains(part), "\(found)")
    }

    @Test("the images' folder settles which image a picture is")
    func imageFolderSettles() throws {
        let folder = try DataFolder()
        let index = try file(folder, images: ["0.png": 1, "b/0.png": 2])
        let found = try numbers(["x/b/0.png", "x/0.png"], index, images: "x/")
        #expect(found.index.images.map(\.id) == [2, 1])
        let outside = COCOFixture.complaint {
            _ = try numbers(["y/0.png"], index, images: "x")
        }
        #expect(outside.contains("lies outside x"), "\(outside)")
    }

    @Test("a file with none of the classes is refused")
    func foreignClasses() throws {
        let folder = try DataFolder()
        let index = try file(folder, images: ["a.png": 3])
        let found = COCOFixture.complaint {
            _ = try numbers(["a.png"], index, labels: ["car"])
        }
        #expect(found.contains("no class of the run (\"car\")"), "\(found)")
    }
}
