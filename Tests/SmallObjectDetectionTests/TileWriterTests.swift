// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Preparation
import Regions
import SmallObjectDetection
import Testing

@Suite("Tile writer") struct TileWriterTests {
    /// A folder with an image of 100 x 70 pixels whose red is the column and green the row.
    private func folder() throws -> DataFolder {
        let folder = try DataFolder()
        var bytes = Array(VOCFixture.bitmap(width: 100, height: 70))
        for y in 0..<70 {
            for x in 0..<100 {
                // BMP: blue, green, red, lowest row first.
                let place = 54 + 300 * (69 - y) + 3 * x
                bytes[place + 1] = UInt8(y)
                bytes[place + 2] = UInt8(x)
            }
        }
        try folder.write(Data(bytes), "in/deep/a.bmp")
        return folder
    }

    private func index(_ boxes: [AnnotatedBox]) -> DetectionIndex {
        DetectionIndex(
            images: [.init(id: 4, file: "deep/a.bmp", width: 100, height: 70)],
            categories: [.init(id: 1, name: "tree")], boxes: boxes)
    }

    private func box(_ x: Double, _ y: Double, _ side: Double) -> AnnotatedBox {
        AnnotatedBox(Item(Rectangle(x: x, y: y, width: side, height: side), label: 0))
    }

    private func writer(_ folder: DataFolder, keepsEmpty: Bool = false) -> TileWriter {
        TileWriter(
            imageFolder: folder.path + "/in", folder: folder.path + "/out/new",
            tiling: Tiling(size: 40, overlap: 10, keptArea: 0.5), keepsEmpty: keepsEmpty)
    }

    @Test("tiles hold the image's pixels and the boxes that the rule keeps") func pixelsAndBoxes()
        throws
    {
        let folder = try folder()
        var faults = DetectionFaults(keepGoing: false)
        // In the first tile; half in two tiles; less than half in the last column.
        let outcome = try writer(folder).run(
            index([box(2, 3, 5), box(35, 40, 10)]), faults: &faults)
        #expect(outcome.written == 3 && outcome.empty == 3 && outcome.kept == 0)
        #expect(
            outcome.index.images.map(\.file) == [
                "4-a-0-0-40x40.png", "4-a-0-30-40x40.png", "4-a-30-30-40x40.png",
            ])
        #expect(
            outcome.index.boxes.map {
                let place = $0.item.place
                return [Double($0.item.source), place.x, place.y, place.width, place.height]
            }
                == [[0, 2, 3, 5, 5], [1, 35, 10, 5, 10], [2, 5, 10, 10, 10]])
        for (image, corner) in zip(outcome.index.images, [(0, 0), (0, 30), (30, 30)]) {
            let clip = try ImageReader.read("\(folder.path)/out/new/\(image.file)")
            #expect(clip.width == 40 && clip.height == 40)
            let expected = (0..<1600).flatMap { pixel -> [UInt8] in
                [UInt8(corner.0 + pixel % 40), UInt8(corner.1 + pixel / 40), 200]
            }
            #expect(clip.pixels == expected, "\(image.file)")
        }
        let written = try COCOReader.read("\(folder.path)/out/new/index.json", faults: &faults)
        #expect(written == outcome.index)
    }

    @Test("broken-off work goes on, and newer images are cut again") func resumes() throws {
        let folder = try folder()
        var faults = DetectionFaults(keepGoing: false)
        let index = index([box(2, 3, 5), box(35, 40, 10)])
        let first = try writer(folder).run(index, faults: &faults)
        let path = "\(folder.path)/out/new/\(first.index.images[1].file)"
        try FileManager.default.removeItem(atPath: path)
        let second = try writer(folder).run(index, faults: &faults)
        #expect(second.written == 1 && second.kept == 2 && second.index == first.index)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 100)],
            ofItemAtPath: folder.path + "/in/deep/a.bmp")
        let third = try writer(folder).run(index, faults: &faults)
        #expect(third.written == 3 && third.kept == 0)
    }

    @Test("a picture in another's place is cut again, whatever its length and time")
    func replacedPictures() throws {
        let folder = try folder()
        var faults = DetectionFaults(keepGoing: false)
        let index = index([box(2, 3, 5)])
        let first = try writer(folder).run(index, faults: &faults)
        let path = folder.path + "/in/deep/a.bmp"
        let tile = "\(folder.path)/out/new/\(first.index.images[0].file)"
        let before = try ImageReader.read(tile).pixels
        let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
        try folder.write(VOCFixture.bitmap(width: 100, height: 70), "in/deep/a.bmp")
        // As a copy that keeps times: not newer than the tiles.
        try FileManager.default.setAttributes(
            [.modificationDate: try #require(date)], ofItemAtPath: path)
        let second = try writer(folder).run(index, faults: &faults)
        #expect(second.written == 1 && second.kept == 0)
        let after = try ImageReader.read(tile).pixels
        #expect(after == [UInt8](repeating: 200, count: 4800) && after != before)
        #expect(try writer(folder).run(index, faults: &faults).kept == 1)
        let other = TileWriter(
            imageFolder: folder.path + "/in", folder: folder.path + "/out/new",
            tiling: Tiling(size: 40, overlap: 10, keptArea: 0.5), settings: ["bands 3,2,1"])
        #expect(try other.run(index, faults: &faults).written == 1)
    }

    @Test("tiles and index do not depend on the number of threads, one process writes them")
    func threads() throws {
        let folder = try folder()
        var many = index([box(2, 3, 5), box(35, 40, 10)])
        for number in 1..<6 {
            try FileManager.default.copyItem(
                atPath: folder.path + "/in/deep/a.bmp", toPath: folder.path + "/in/\(number).bmp")
            many.images.append(
                .init(id: 4 + number, file: "\(number).bmp", width: 100, height: 70))
            let place = Rectangle(x: 3, y: Double(number), width: 9, height: 9)
            many.boxes.append(AnnotatedBox(Item(place, label: 0, in: number)))
        }
        var found: [TileWriter.Outcome] = [], bytes: [[Data?]] = []
        for threads in [1, 4] {
            let path = folder.path + "/out/\(threads)"
            let writer = TileWriter(
                imageFolder: folder.path + "/in", folder: path,
                tiling: Tiling(size: 40, overlap: 10), keepsEmpty: true)
            var faults = DetectionFaults(keepGoing: false)
            found.append(try writer.run(many, faults: &faults, threads: threads))
            let names = found[0].index.images.map(\.file) + ["index.json"]
            bytes.append(names.map { FileManager.default.contents(atPath: "\(path)/\($0)") })
            let lock = try FolderLock(folder: path)
            #expect(throws: InputError.self) {
                try writer.run(many, faults: &faults, threads: threads)
            }
            withExtendedLifetime(lock) {}
        }
        #expect(found[0] == found[1] && bytes[0] == bytes[1] && bytes[0].count == 37)
        #expect(bytes[0].allSatisfy { $0 != nil })
    }

    @Test("what no tile holds is ignored in each and counted") func unheldBoxes() throws {
        let folder = try folder()
        var faults = DetectionFaults(keepGoing: false)
        // Held by the first tile; a cross over four tiles; larger than a tile; a crowd over two.
        var crowd = box(38, 0, 8)
        crowd.isCrowd = true
        let boxes = [box(2, 3, 5), box(35, 35, 10), box(0, 0, 60), crowd]
        let writer = TileWriter(
            imageFolder: folder.path + "/in", folder: folder.path + "/out",
            tiling: Tiling(size: 40, overlap: 0, keptArea: 0.7))
        let outcome = try writer.run(index(boxes), faults: &faults)
        #expect(outcome.index.images.map(\.file) == ["4-a-0-0-40x40.png", "4-a-40-0-40x40.png"])
        func part(
            _ image: Int, _ x: Double, _ y: Double, _ width: Double, _ height: Double,
            isCrowd: Bool = false, isIgnored: Bool = true
        ) -> AnnotatedBox {
            AnnotatedBox(
                Item(Rectangle(x: x, y: y, width: width, height: height), label: 0, in: image),
                isCrowd: isCrowd, isIgnored: isIgnored)
        }
        let rounded = outcome.index.boxes.map { box in
            var box = box
            box.area = (box.area * 1e6).rounded() / 1e6
            return box
        }
        #expect(
            rounded == [
                part(0, 2, 3, 5, 5, isIgnored: false), part(0, 35, 35, 5, 5),
                part(0, 0, 0, 40, 40), part(0, 38, 0, 2, 8, isCrowd: true),
                part(1, 0, 35, 5, 5), part(1, 0, 0, 20, 40),
                part(1, 0, 0, 6, 8, isCrowd: true, isIgnored: false),
            ])
        #expect(outcome.unheldBoxes == 2 && outcome.largerBoxes == 1 && outcome.ignoredParts == 5)
        let checked = try IndexCheck(imageFolder: folder.path + "/in").run(
            index(boxes), faults: &faults)
        let text = PreparationSummary(
            checked, faults: faults, output: "o", tiles: (folder.path, 40, outcome)
        ).lines.joined(separator: "\n")
        #expect(text.contains("2 boxes in no tile") && text.contains("1 box is larger than a tile"))
    }

    @Test("empty tiles are written where they are asked for, else named") func emptyTiles() throws {
        let folder = try folder()
        var faults = DetectionFaults(keepGoing: false)
        let outcome = try writer(folder, keepsEmpty: true).run(index([]), faults: &faults)
        #expect(outcome.written == 6 && outcome.empty == 0 && outcome.index.boxes.isEmpty)
        #expect(throws: InputError.self) {
            var faults = DetectionFaults(keepGoing: false)
            _ = try writer(folder).run(index([]), faults: &faults)
        }
    }

    @Test("damaged pixels are a fault, an unwritable folder ends the work") func faults() throws {
        let folder = try folder()
        let png = try Data(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("Fixtures/Images/scene.png"))
        try folder.write(png.prefix(png.count - 60), "in/b.png")
        var two = index([box(2, 3, 5)])
        two.images.append(.init(id: 9, file: "b.png", width: 13, height: 9))
        two.boxes.append(
            AnnotatedBox(Item(Rectangle(x: 1, y: 1, width: 3, height: 3), label: 0, in: 1)))
        let found = COCOFixture.complaint {
            var faults = DetectionFaults(keepGoing: false)
            _ = try writer(folder).run(two, faults: &faults)
        }
        #expect(found.contains("b.png"), "\(found)")
        var faults = DetectionFaults(keepGoing: true)
        let outcome = try writer(folder).run(two, faults: &faults)
        #expect(outcome.dropped.map(\.id) == ["b.png"] && faults.count == 1)
        #expect(outcome.index.images.count == 1)
        let refused = TileWriter(
            imageFolder: folder.path + "/in", folder: "/dev/null/tiles",
            tiling: Tiling(size: 40, overlap: 10))
        #expect(throws: InputError.self) { try refused.run(two, faults: &faults) }
    }
}
