// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import SmallObjectDetection
import Testing

@Suite("Annotation formats") struct AnnotationReaderTests {
    private func read(
        _ format: AnnotationFormat, _ folder: DataFolder, _ path: String,
        classes: [String]? = nil, keepGoing: Bool = false
    ) throws(InputError) -> (index: DetectionIndex, faults: DetectionFaults) {
        var faults = DetectionFaults(keepGoing: keepGoing)
        let index = try AnnotationReader(
            format: format, imageFolder: folder.path + "/images", classes: classes
        ).read("\(folder.path)/\(path)", faults: &faults)
        return (index, faults)
    }

    @Test func vocFoldersBecomeOneIndex() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "images/a&b.bmp")
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "images/second.bmp")
        try folder.write(VOCFixture.text, "voc/first.xml")
        // The named file is not there: the annotation's own name leads to the image.
        try folder.write(
            VOCFixture.text.replacing("a&amp;b.bmp", with: "lost.tif"), "voc/second.xml")
        try folder.write("no annotation", "voc/readme.md")
        let (index, faults) = try read(.voc, folder, "voc")
        #expect(index.images.map(\.file) == ["a&b.bmp", "second.bmp"])
        #expect(index.images.map(\.id) == [1, 2])
        #expect(index.categories.map(\.name) == ["bush", "tree"])
        #expect(
            index.boxes.prefix(2) == [
                AnnotatedBox(Item(Rectangle(x: 1, y: 2.5, width: 10, height: 5.5), label: 1)),
                AnnotatedBox(
                    Item(Rectangle(x: 20, y: 0, width: 20, height: 30), label: 0), isIgnored: true),
            ])
        #expect(faults.count == 0)
        let one = try read(.voc, folder, "voc/first.xml", classes: ["tree"], keepGoing: true)
        #expect(one.index.boxes.count == 1 && one.faults.count == 1)
        #expect(one.faults.lines[0].contains("\"bush\", which is not among the 1"))
    }

    @Test("an annotation's own name beats the one that it holds") func staleNames() throws {
        let folder = try DataFolder()
        for name in ["a.bmp", "b.bmp", "lone.bmp"] {
            try folder.write(VOCFixture.bitmap(width: 40, height: 30), "images/\(name)")
        }
        func annotation(_ name: String) -> String {
            VOCFixture.text.replacing("a&amp;b.bmp", with: name)
        }
        // Renamed: its old name is that of another picture now.
        try folder.write(annotation("b.bmp"), "voc/a.xml")
        try folder.write(annotation("C:\\data\\b.bmp"), "voc/b.xml")
        try folder.write(annotation("lone.bmp"), "voc/other.xml")
        let (index, faults) = try read(.voc, folder, "voc")
        #expect(index.images.map(\.file) == ["a.bmp", "b.bmp", "lone.bmp"])
        #expect(
            faults.remarks == [
                "no picture has the name of 1 annotation: taken is the one in <filename> "
                    + "(\(folder.path)/voc/other.xml: lone.bmp)",
                "another picture is in <filename> of 1 annotation: taken is the one of the "
                    + "annotation's own name (\(folder.path)/voc/a.xml: b.bmp)",
            ])
    }

    @Test func visDroneLinesBecomeBoxes() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "images/a.bmp")
        try folder.write("1,2,3,4,1,4,0,0\r\n5,6,7,8,0,0,0,0,\n\n", "labels/a.txt")
        try folder.write("", "labels/b.txt")
        let (index, _) = try read(.visDrone, folder, "labels")
        #expect(index.images.map(\.file) == ["a.bmp", "b.png"])
        #expect(index.categories.map(\.id) == Array(0..<12))
        #expect(
            index.boxes == [
                AnnotatedBox(Item(Rectangle(x: 1, y: 2, width: 3, height: 4), label: 4)),
                AnnotatedBox(
                    Item(Rectangle(x: 5, y: 6, width: 7, height: 8), label: 0), isIgnored: true),
            ])
    }

    @Test func yoloSharesBecomePixels() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 20), "images/a.bmp")
        try folder.write("1 0.5 0.5 0.25 0.1\n0 0 0 0 0", "labels/a.txt")
        let (index, _) = try read(.yolo, folder, "labels", classes: ["x", "y"])
        #expect(index.images == [.init(id: 1, file: "a.bmp", width: 40, height: 20)])
        #expect(
            index.boxes[0]
                == AnnotatedBox(Item(Rectangle(x: 15, y: 9, width: 10, height: 2), label: 1)))
        try folder.write("0 0 0 0 0", "labels/lost.txt")
        let kept = try read(.yolo, folder, "labels", classes: ["x", "y"], keepGoing: true)
        #expect(kept.index.images.count == 1 && kept.faults.count == 1)
        #expect(kept.faults.lines[0].contains("lost.txt: has no picture lost.*"))
    }

    @Test(arguments: [
        (AnnotationFormat.visDrone, "1,2,3,4,1,12,0,0", "class 12; expected a whole number from 0"),
        (.visDrone, "1,2,3,4,1,1.5,0,0", "class 1.5"), (.visDrone, "1,2,-3,4,1,1,0,0", "-3 x 4"),
        (.visDrone, "1,2,3", "found 3 numbers"), (.yolo, "0 0.5 0.5 1.5 0.1", "shares"),
        (.yolo, "9 0.5 0.5 0.5 0.1", "class 9"), (.yolo, "0 1 2", "found 3 numbers"),
    ])
    func faultyLinesAreNamed(format: AnnotationFormat, line: String, part: String) throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 20), "images/a.bmp")
        let path = try folder.write("\n" + line, "labels/a.txt")
        let classes = format == .yolo ? ["x"] : nil
        let found = COCOFixture.complaint {
            _ = try read(format, folder, "labels", classes: classes)
        }
        #expect(found.hasPrefix("\(path): line 2: ") && found.contains(part), "\(found)")
        let kept = try read(format, folder, "labels", classes: classes, keepGoing: true)
        #expect(kept.faults.lines == [found] && kept.index.boxes.isEmpty)
    }

    @Test("classes asked for keep the file's numbers, in the order asked")
    func askedClassesKeepNumbers() throws {
        let folder = try DataFolder()
        try folder.write(
            COCOFixture.truth(
                [COCOFixture.annotation(1), COCOFixture.annotation(2, category: 2)].joined(
                    separator: ",")), "boxes.json")
        let (index, _) = try read(
            .coco, folder, "boxes.json", classes: ["tree", "rock", "bush"])
        #expect(
            index.categories == [
                .init(id: 9, name: "tree"), .init(id: 10, name: "rock"),
                .init(id: 2, name: "bush"),
            ])
        #expect(index.boxes.map(\.item.label) == [0, 2])
        #expect(DetectionIndex(joining: [index]).categories == index.categories)
    }

    @Test func wordsAndEmptyFoldersAreOneLine() throws {
        let folder = try DataFolder()
        try folder.write("1,2,x,4,1,1,0,0", "labels/a.txt")
        try folder.write("", "empty/a.md")
        for (path, part) in [
            ("labels", "found \"x\""), ("empty", "holds no file *.txt"),
            ("none", "cannot be listed"),
        ] {
            let found = COCOFixture.complaint {
                _ = try read(.visDrone, folder, path)
            }
            #expect(found.contains(part), "\(found)")
        }
    }
}
