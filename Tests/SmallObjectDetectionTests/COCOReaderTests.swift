// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import SmallObjectDetection
import Testing

@Suite("COCO annotations") struct COCOReaderTests {
    private func complaint(_ text: String) -> String {
        COCOFixture.complaint { _ = try COCOFixture.index(text) }
    }

    @Test func valuesArriveWhateverTheOrder() throws {
        let (index, faults) = try COCOFixture.index(
            COCOFixture.truth(
                """
                {"bbox": [1.5, -2e0, 30, 0.25], "category_id": 2, "image_id": 7, "id": 5,
                 "area": 3, "iscrowd": 1, "segmentation": {"counts": [1, "x", null]}},
                {"id": 6, "image_id": 3, "category_id": 9, "bbox": [0, 0, 2, 4], "ignore": true}
                """))
        #expect(index.images.map(\.id) == [3, 7, 12])
        #expect(index.images.map(\.file) == ["a.png", "b.png", ""])
        #expect(index.images.map(\.width) == [100, 100, 0])
        #expect(index.categories.map(\.name) == ["bush", "tree"])
        #expect(
            index.boxes == [
                AnnotatedBox(
                    Item(Rectangle(x: 1.5, y: -2, width: 30, height: 0.25), label: 0, in: 1),
                    area: 3, isCrowd: true),
                AnnotatedBox(
                    Item(Rectangle(x: 0, y: 0, width: 2, height: 4), label: 1), isIgnored: true),
            ])
        #expect(faults.count == 0)
    }

    @Test func idsOfImagesAreTextsAndNumbersOfAnySize() throws {
        let ids = [
            "9007199254740993", "\"img é\"", "9007199254740992", "18446744073709551615", "-3",
            "18446744073709551614", "\"a\"", "7.0",
        ]
        let images = ids.map { "{\"id\": \($0), \"file_name\": \"f\"}" }.joined(separator: ",")
        let boxes = ids.enumerated().map { number, id in
            "{\"id\": \"n\(number)\", \"image_id\": \(id), \"category_id\": 1, "
                + "\"bbox\": [\(number), 0, 1, 1]}"
        }.joined(separator: ",")
        let (index, _) = try COCOFixture.index(
            "{\"images\": [\(images)], \"annotations\": [\(boxes)], "
                + "\"categories\": [{\"id\": 1, \"name\": \"c\"}]}")
        #expect(
            index.images.map(\.idJSON) == [
                "-3", "7", "9007199254740992", "9007199254740993", "\"a\"", "\"img é\"",
                "18446744073709551614", "18446744073709551615",
            ])
        #expect(
            index.boxes.map { index.images[$0.item.source].idJSON }
                == ids.map { $0 == "7.0" ? "7" : $0 })
        #expect(index.images.map(\.id) == index.images.map(\.id).sorted())
        let results = ids.map {
            "{\"image_id\": \($0), \"category_id\": 1, \"bbox\": [0, 0, 1, 1], \"score\": 1}"
        }.joined(separator: ",")
        var faults = DetectionFaults(keepGoing: false)
        let reading = try COCOResults.parse(
            Array("[\(results)]".utf8), name: "p.json", for: index, faults: &faults)
        #expect(reading.results.map(\.source) == index.boxes.map(\.item.source))
        let written = COCOResults.encoded(reading.results, of: index)
        #expect(written.contains("{\"image_id\": \"img é\", "))
        #expect(written.contains("{\"image_id\": 18446744073709551615, "))
        // Joined sets count on from large ids.
        #expect(DetectionIndex(joining: [index, index]).images.count == 16)
    }

    @Test func ofClassesOfOneNameTheAnnotatedOneIsKept() throws {
        let (index, _) = try COCOFixture.index(
            """
            {"images": [{"id": 3}], "annotations": [\(COCOFixture.annotation(1, category: 2)),
             \(COCOFixture.annotation(2, category: 5))],
             "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}, {"id": 4, "name": "b"},
              {"id": 5, "name": "c"}, {"id": 6, "name": "b"}]}
            """)
        #expect(
            index.categories == [
                .init(id: 2, name: "a"), .init(id: 4, name: "b"), .init(id: 5, name: "c"),
            ])
        #expect(index.boxes.map(\.item.label) == [0, 2])
    }

    @Test func numbersAreTheNearestDoubles() throws {
        let texts = [
            "0.1", "123456789.125", "0.30000000000000004", "1e-7", "12345678901234567890e-12",
            "9007199254740993e-8", "2.2250738585072014e-308", "0.000000000000000000000012",
            "1E2", "5e+1", "0", "0.0", "98.76543210987654",
        ]
        for text in texts {
            let (index, _) = try COCOFixture.index(
                COCOFixture.truth(
                    #"{"id": 1, "image_id": 3, "category_id": 9, "bbox": [-\#(text), 0, 1, 1]}"#))
            #expect(index.boxes.first?.item.place.x == Double("-" + text), "\(text)")
        }
    }

    @Test(arguments: [
        (#""bbox": [1, 2, 3]"#, "bbox of 3 numbers"),
        (#""bbox": [1, 2, 3, 4, 5]"#, "bbox of 5 numbers"),
        (#""bbox": [1, 2, 3, "4"]"#, "a text in its bbox"),
        (#""bbox": [1, 2, 3, null]"#, "null in its bbox"),
        (#""bbox": [1, 2, NaN, 4]"#, "NaN or Infinity in its bbox"),
        (#""bbox": [1, 2, -Infinity, 4]"#, "NaN or Infinity in its bbox"),
        (#""bbox": [1, 2, 1e999, 4]"#, "beyond a thousand million"),
        (#""bbox": [1e10, 2, 3, 4]"#, "beyond a thousand million"),
        (#""bbox": [1, 2, -3, 4]"#, "not negative"),
        (#""bbox": {"x": 1}"#, "an object as bbox"),
        (#""bbox": null"#, "no bbox"),
        (#""bbox": [1, 2, 3, 4], "bbox": [1, 2, 3, 4]"#, "has bbox twice"),
        (#""bbox": [1, 2, 3, 4], "area": -1"#, "area -1"),
        (#""bbox": [1, 2, 3, 4], "area": 1e400"#, "area beyond double"),
        (#""bbox": [1, 2, 3, 4], "area": "9""#, "a text as area"),
        (#""bbox": [1, 2, 3, 4], "iscrowd": 2"#, "2 as iscrowd"),
        (#""bbox": [1, 2, 3, 4], "iscrowd": "no""#, "a text as iscrowd"),
    ])
    func faultyAnnotationsAreNamed(members: String, part: String) throws {
        let text = COCOFixture.truth(
            #"\#(COCOFixture.annotation(1)), {"id": 2, "image_id": 3, "category_id": 9, \#(members)}"#
        )
        let found = complaint(text)
        #expect(found.contains(part), "\(found)")
        #expect(found.contains("t.json: annotations[1]"), "\(found)")
        let (index, faults) = try COCOFixture.index(text, keepGoing: true)
        #expect(index.boxes.count == 1 && faults.count == 1 && faults.lines == [found])
    }

    @Test(arguments: [
        (#"{"id": 1.5, "image_id": 3, "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "1.5 as id"),
        (#"{"id": 1e300, "image_id": 3, "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "as id"),
        (#"{"image_id": 3, "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "no id"),
        (#"{"id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "no image_id"),
        (#"{"id": 1, "image_id": 3, "bbox": [1, 2, 3, 4]}"#, "no category_id"),
        (#"{"id": 1, "image_id": "3", "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "of image \"3\""),
        (#"{"id": 1, "image_id": [3], "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "a list as image"),
        (#"{"id": 1, "image_id": 3, "category_id": "9", "bbox": [1, 2, 3, 4]}"#, "a text as cat"),
        ("[1]", "is a list"), ("null", "is null"),
        (COCOFixture.annotation(1, image: 4), "of image 4, which is not among the 3 images"),
        (COCOFixture.annotation(1, category: 1), "of class 1, which is not among the 2"),
        (
            COCOFixture.annotation(1) + "," + COCOFixture.annotation(1),
            "annotations[1] has the id 1 again"
        ),
    ])
    func idsThatLeadNowhereAreNamed(annotations: String, part: String) throws {
        let found = complaint(COCOFixture.truth(annotations))
        #expect(found.contains(part), "\(found)")
        #expect(
            try COCOFixture.index(COCOFixture.truth(annotations), keepGoing: true).faults.count == 1
        )
    }

    @Test(arguments: [
        ("[]", "found a list, as results are"),
        ("3", "found a number; expected a COCO object"),
        ("", "line 1: found nothing"),
        (#"{"images": [], "categories": []}"#, "has no list \"annotations\""),
        (#"{"images": {}, "categories": []}"#, "found an object as images"),
        (#"{"images": [], "images": []}"#, "images occurs twice"),
        (#"{"images": [{"id": 1}, {"id": 1}]}"#, "images[1] has the id 1 again"),
        (#"{"images": [{"file_name": "x"}]}"#, "images[0] has no id"),
        (#"{"images": [{"id": 1, "width": 0}]}"#, "a side of 0 pixels"),
        (#"{"images": [{"id": 1, "width": 1e300}]}"#, "as width"),
        (#"{"images": [{"id": 1, "file_name": 3}]}"#, "a number as file_name"),
        (#"{"categories": [{"id": "1", "name": "a"}]}"#, "has \"1\" as id"),
        (
            #"{"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}], "images": [{"id": 3}], "annotations": ["#
                + "\(COCOFixture.annotation(1, category: 1)), "
                + "\(COCOFixture.annotation(2, category: 2))]}",
            "the categories 1 and 2 both have the name \"a\" and annotations"
        ),
        (#"{"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}"#, "the id 1 again"),
        (#"{"categories": [{"id": 1}]}"#, "categories[0] has no name"),
        ("{\"a\": 01}", "expected \",\" or \"}\""), ("{\"a\": 1.}", "expected a digit"),
        ("{\n\"a\": tru}", "line 2: found \"t\"; expected true or false"),
        ("{\"a\": \"\\x\"}", "expected an escape"), ("{\"a\": \"\\ud800\"}", "surrogate"),
        ("{\"a\": \"\\u12\"}", "four hexadecimal"), ("{\"a\": \"b\nc\"}", "closing quote"),
        ("{\"a\": -}", "expected a digit"), ("{\"a\" 1}", "expected \":\""),
        ("{} {}", "expected nothing more"),
        ("{\"a\": " + String(repeating: "[", count: 100_000), "nested deeper than 64"),
        ("{\"a\": " + String(repeating: "{\"a\":", count: 100_000), "nested deeper than 64"),
    ])
    func badTextIsOneLine(text: String, part: String) {
        let found = complaint(text)
        #expect(found.contains(part), "\(found)")
        #expect(!found.contains("\n"))
    }

    @Test func everyPrefixOfAFileIsAnErrorAndNoTrap() throws {
        let whole = COCOFixture.truth(
            #"{"id": 1, "image_id": 3, "category_id": 9, "bbox": [1, 2.5, 3e1, 4], "é\n": "\u00e9\ud83d\ude00", "x": [true, false, null, NaN, {}, []]}"#
        )
        let bytes = Array(whole.utf8)
        for count in 0..<bytes.count {
            var faults = DetectionFaults(keepGoing: true)
            #expect(throws: InputError.self) {
                try COCOReader.parse(Array(bytes[..<count]), name: "t.json", faults: &faults)
            }
        }
        #expect(try COCOFixture.index("\u{FEFF}" + whole).index.boxes.count == 1)
        #expect(complaint(whole + "x").contains("expected nothing more"))
    }

    @Test func unreadableFilesAreOneLine() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let empty = folder.appendingPathComponent("empty.json").path
        let notText = folder.appendingPathComponent("binary.json").path
        try Data().write(to: URL(fileURLWithPath: empty))
        try Data([0x7B, 0x22, 0xFF, 0xFE, 0x22]).write(to: URL(fileURLWithPath: notText))
        for (path, part) in [
            (folder.path + "/missing.json", "No such file"), (folder.path, "is a folder"),
            ("/dev/zero", "is a folder or a device"), (empty, "is empty"), (notText, "not UTF-8"),
        ] {
            let found = COCOFixture.complaint {
                var faults = DetectionFaults(keepGoing: false)
                _ = try COCOReader.read(path, faults: &faults)
            }
            #expect(found.contains(part), "\(found)")
            #expect(found.hasPrefix(path))
        }
    }
}
