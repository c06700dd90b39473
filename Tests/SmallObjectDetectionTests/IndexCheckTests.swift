// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Preparation
import Regions
import SmallObjectDetection
import Testing

@Suite("Index check") struct IndexCheckTests {
    private func index(
        _ images: [DetectionIndex.Image], _ boxes: [AnnotatedBox] = []
    ) -> DetectionIndex {
        DetectionIndex(images: images, categories: [.init(id: 5, name: "a \"tree\"")], boxes: boxes)
    }

    private func box(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, image: Int = 0
    ) -> AnnotatedBox {
        AnnotatedBox(Item(Rectangle(x: x, y: y, width: width, height: height), label: 0, in: image))
    }

    private func run(
        _ index: DetectionIndex, _ folder: DataFolder, keepGoing: Bool
    ) throws -> (outcome: IndexCheck.Outcome, faults: DetectionFaults) {
        var faults = DetectionFaults(keepGoing: keepGoing)
        let outcome = try IndexCheck(imageFolder: folder.path).run(index, faults: &faults)
        return (outcome, faults)
    }

    @Test("where no box is left, keeping going ends too") func nothingUsable() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "a.bmp")
        let image = DetectionIndex.Image(id: 1, file: "a.bmp", width: 40, height: 30)
        let found = COCOFixture.complaint {
            _ = try run(index([image], [box(50, 1, 5, 5)]), folder, keepGoing: true)
        }
        #expect(found.contains("no box is left of 1") && found.contains("lies outside"), "\(found)")
        // An image of background is no fault.
        #expect(try run(index([image]), folder, keepGoing: true).outcome.index.images.count == 1)
    }

    @Test func boxesAreCutToTheirImage() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "a.bmp")
        let (outcome, faults) = try run(
            index(
                [.init(id: 1, file: "a.bmp", width: 0, height: 0)],
                [box(0, 0, 40, 30), box(-4, 0, 10, 10), box(35, 25, 6, 6)]), folder,
            keepGoing: false)
        #expect(outcome.index.images == [.init(id: 1, file: "a.bmp", width: 40, height: 30)])
        #expect(
            outcome.index.boxes == [box(0, 0, 40, 30), box(0, 0, 6, 10), box(35, 25, 5, 5)])
        #expect(outcome.clippedBoxes == 2 && faults.count == 0)
    }

    @Test func faultyImagesAndBoxesAreNamedAndLeftOut() throws {
        let folder = try DataFolder()
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "a.bmp")
        try folder.write(VOCFixture.bitmap(width: 40, height: 30), "other.bmp")
        try folder.write("not an image", "text.bmp")
        try folder.write(Data(VOCFixture.bitmap(width: 40, height: 30).prefix(20)), "cut.bmp")
        let images: [(DetectionIndex.Image, String)] = [
            (.init(id: 2, file: "lost.bmp", width: 0, height: 0), "lost.bmp"),
            (.init(id: 3, file: "text.bmp", width: 0, height: 0), "text.bmp"),
            (.init(id: 4, file: "cut.bmp", width: 0, height: 0), "cut.bmp"),
            (.init(id: 5, file: "other.bmp", width: 30, height: 40), "annotation says 30 x 40"),
            (.init(id: 6, file: "a.bmp", width: 0, height: 0), "is image 1 and image 6"),
            (.init(id: 7, file: "", width: 0, height: 0), "names no file"),
            (.init(id: 8, file: "../a.bmp", width: 0, height: 0), "leads out"),
        ]
        let boxes: [(AnnotatedBox, String)] = [
            (box(1, 1, 0, 5), "is 0 x 5 pixels"), (box(50, 1, 5, 5), "lies outside"),
            (box(-6, 1, 10, 5), "lies outside"),
        ]
        let good = DetectionIndex.Image(id: 1, file: "a.bmp", width: 40, height: 30)
        for (image, part) in images {
            let found = COCOFixture.complaint {
                _ = try run(index([good, image]), folder, keepGoing: false)
            }
            #expect(found.contains(part), "\(found)")
        }
        for (box, part) in boxes {
            let found = COCOFixture.complaint {
                _ = try run(index([good], [box]), folder, keepGoing: false)
            }
            #expect(found.contains(part), "\(found)")
        }
        let all = index(
            [good] + images.map { $0.0 },
            boxes.map { $0.0 } + [box(1, 1, 2, 2, image: 1), box(1, 1, 2, 2)])
        let (outcome, faults) = try run(all, folder, keepGoing: true)
        #expect(outcome.index == index([good], [box(1, 1, 2, 2)]))
        #expect(outcome.dropped.count == 7 && outcome.droppedBoxes == 4 && faults.count == 10)
        #expect(throws: InputError.self) {
            try run(index([images[0].0]), folder, keepGoing: true)
        }
    }

    /// A copy of the fixture that EXIF turns by 90 degrees clockwise: stored 13 x 9, shown 9 x 13.
    private func turned(_ folder: DataFolder, dropping count: Int = 0) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/Images/turned.jpg")
        let bytes = try Data(contentsOf: path)
        try folder.write(bytes.prefix(bytes.count - count), "t.jpg")
    }

    @Test("boxes on shown pixels are turned with their picture") func shownPixels() throws {
        let folder = try DataFolder()
        try turned(folder)
        var faults = DetectionFaults(keepGoing: false)
        let shown = index(
            [.init(id: 1, file: "t.jpg", width: 9, height: 13)],
            [box(1, 2, 4, 5), box(-1, 0, 3, 2)])
        let check = IndexCheck(imageFolder: folder.path, pixels: .shown)
        let outcome = try check.run(shown, faults: &faults)
        #expect(outcome.index.images == [.init(id: 1, file: "t.jpg", width: 13, height: 9)])
        // Shown x is 9 - stored y, shown y is stored x.
        #expect(outcome.index.boxes[0] == box(2, 4, 5, 4))
        #expect(
            outcome.index.boxes[1].item.place == Rectangle(x: 0, y: 7, width: 2, height: 2))
        let found = COCOFixture.complaint {
            _ = try run(shown, folder, keepGoing: false)
        }
        #expect(found.contains("--orientation shown"), "\(found)")
        let wrong = COCOFixture.complaint {
            _ = try check.run(
                index([.init(id: 1, file: "t.jpg", width: 13, height: 9)]), faults: &faults)
        }
        #expect(wrong.contains("has 9 x 13 pixels"), "\(wrong)")
    }

    @Test("where nothing says which way boxes count, turned pictures ask for it")
    func unsaidOrientation() throws {
        let folder = try DataFolder()
        try turned(folder)
        // As YOLO's reader gives them: the file's own size.
        let yolo = index([.init(id: 1, file: "t.jpg", width: 13, height: 9)], [box(1, 2, 4, 5)])
        func check(_ pixels: AnnotatedPixels, _ format: AnnotationFormat) -> IndexCheck {
            IndexCheck(imageFolder: folder.path, pixels: pixels, format: format)
        }
        func complaint(_ index: DetectionIndex, _ format: AnnotationFormat) -> String {
            COCOFixture.complaint {
                var faults = DetectionFaults(keepGoing: false)
                _ = try check(.unsaid, format).run(index, faults: &faults)
            }
        }
        for format in [AnnotationFormat.yolo, .visDrone] {
            let found = complaint(yolo, format)
            #expect(found.contains("t.jpg: EXIF turns this picture"), "\(found)")
            #expect(found.contains("--orientation stored") && found.contains("data.orientation"))
        }
        var faults = DetectionFaults(keepGoing: false)
        let said = try check(.stored, .yolo).run(yolo, faults: &faults)
        #expect(said.index == yolo && said.turns == [.upright])
        // A size of the stored pixels alone says it; none, and a picture without boxes, don't.
        #expect(try check(.unsaid, .coco).run(yolo, faults: &faults).index == yolo)
        let sizeless = index([.init(id: 1, file: "t.jpg", width: 0, height: 0)], [box(1, 2, 4, 5)])
        #expect(complaint(sizeless, .coco).contains("EXIF turns this picture"))
        let empty = index([.init(id: 1, file: "t.jpg", width: 13, height: 9)])
        #expect(try check(.unsaid, .yolo).run(empty, faults: &faults).index == empty)
        // Upside down, both ways have one size.
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Images/rows/scene-turned.tif")
        try folder.write(try Data(contentsOf: path), "u.tif")
        let down = index([.init(id: 1, file: "u.tif", width: 13, height: 9)], [box(1, 2, 4, 5)])
        #expect(complaint(down, .coco).contains("EXIF turns this picture"))
        let shown = try check(.shown, .coco).run(down, faults: &faults)
        #expect(shown.index.boxes == [box(8, 2, 4, 5)] && shown.turns == [.upsideDown])
    }

    @Test("pixels missing behind a good header are found where they are asked for")
    func missingPixels() throws {
        let folder = try DataFolder()
        try turned(folder, dropping: 100)
        let one = index([.init(id: 1, file: "t.jpg", width: 13, height: 9)])
        #expect(try run(one, folder, keepGoing: false).outcome.index == one)
        var faults = DetectionFaults(keepGoing: false)
        let check = IndexCheck(imageFolder: folder.path, decodesPixels: true)
        let found = COCOFixture.complaint {
            _ = try check.run(one, faults: &faults)
        }
        #expect(found.contains("t.jpg: found damaged or missing pixels"), "\(found)")
        try turned(folder)
        #expect(try check.run(one, faults: &faults).index == one)
    }

    @Test(
        "the first fault in order is told, and what was decoded stays known",
        arguments: [1, 4])
    func threads(count: Int) throws {
        let folder = try DataFolder()
        for name in ["a", "b", "c", "d", "e"] {
            try folder.write(VOCFixture.bitmap(width: 40, height: 30), name + ".bmp")
        }
        try folder.write(Data(VOCFixture.bitmap(width: 40, height: 30).prefix(900)), "c.bmp")
        try folder.write(Data(VOCFixture.bitmap(width: 40, height: 30).prefix(800)), "d.bmp")
        let all = index(
            ["a", "b", "c", "d", "e"].enumerated().map {
                .init(id: $0, file: $1 + ".bmp", width: 40, height: 30)
            }, [box(1, 1, 2, 2)])
        var check = IndexCheck(imageFolder: folder.path, decodesPixels: true)
        let journal = PreparedFile<DecodedPictures>(folder.path + "/index.partial.json")
        check.journal = journal
        var faults = DetectionFaults(keepGoing: false)
        let error = #expect(throws: InputError.self) {
            try check.run(all, faults: &faults, threads: count)
        }
        #expect(error?.description.contains("c.bmp") == true)
        let text = try String(contentsOfFile: journal.path, encoding: .utf8)
        #expect(text.contains("a.bmp") && text.contains("b.bmp") && !text.contains("c.bmp"))
        faults = DetectionFaults(keepGoing: true)
        let outcome = try check.run(all, faults: &faults, threads: count)
        #expect(outcome.index.images.map(\.id) == [0, 1, 4])
        #expect(outcome.dropped.map(\.id) == ["c.bmp", "d.bmp"] && faults.count == 2)
    }

    @Test func whatIsWrittenReadsBack() throws {
        let folder = try DataFolder()
        var crowd = box(0.1, 2, 3e-7, 4)
        crowd.isCrowd = true
        crowd.area = 1e-7
        var ignored = box(1, 2, 30, 4)
        ignored.isIgnored = true
        let whole = index(
            [
                .init(id: 1, file: "a\\\"é\n.bmp", width: 40, height: 30),
                .init(id: 3, file: "b.bmp", width: 0, height: 0),
            ], [crowd, ignored])
        let path = folder.path + "/index.json"
        try COCOWriter.write(whole, to: path)
        var faults = DetectionFaults(keepGoing: false)
        #expect(try COCOReader.read(path, faults: &faults) == whole)
        #expect(throws: InputError.self) {
            try COCOWriter.write(whole, to: folder.path + "/none/index.json")
        }
    }
}
