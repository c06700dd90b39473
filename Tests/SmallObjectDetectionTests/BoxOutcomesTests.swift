// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Metrics
import Regions
import Reports
import SmallObjectDetection
import Testing

@Suite("Outcomes of boxes") struct BoxOutcomesTests {
    private func index(
        _ boxes: [AnnotatedBox], images: Int = 3, classes: [String] = ["square", "disc"]
    ) -> DetectionIndex {
        DetectionIndex(
            images: (0..<images).map {
                .init(id: $0, file: "\($0).png", width: 96, height: 72)
            }, categories: classes.enumerated().map { .init(id: $0, name: $1) }, boxes: boxes)
    }

    private func box(_ image: Int, _ x: Double, category: Int = 0, isCrowd: Bool = false)
        -> AnnotatedBox
    {
        AnnotatedBox(
            Item(Rectangle(x: x, y: 10, width: 10, height: 10), label: category, in: image),
            isCrowd: isCrowd)
    }

    private func result(_ image: Int, _ x: Double, _ score: Double, category: Int = 0)
        -> Item<Rectangle>
    {
        Item(
            Rectangle(x: x, y: 10, width: 10, height: 10), label: category, score: score, in: image)
    }

    @Test("Repeats are merged; marks are what is found, missed and invented")
    func countsAndMarks() throws {
        let outcomes = try BoxOutcomes(
            index([box(0, 0), box(0, 20), box(1, 0, category: 1)]),
            [
                result(0, 1, 0.9), result(0, 2, 0.8), result(1, 50, 0.7),
                result(1, 0, 0.6, category: 1),
                result(2, 0, 0.1),
            ], by: .coco)
        #expect(
            outcomes.report.title
                == "2 of 3 objects found, 1 missed, 1 invented (at IoU ≥ 0.5, score ≥ 0.6)")
        #expect(
            outcomes.report.classes == [
                .init(name: "square", counts: OutcomeCounts(found: 1, missed: 1, invented: 1)),
                .init(name: "disc", counts: OutcomeCounts(found: 1)),
            ])
        #expect(outcomes.marks.map(\.outcome) == [.missed, .found, .invented, .found])
        #expect(outcomes.marks.map(\.item.source) == [0, 0, 1, 1])
        #expect(outcomes.marks.map(\.item.place.x1) == [20, 1, 50, 0])
        #expect(outcomes.drawnImages == [0, 1, 2])
    }

    @Test("Ignored classes and crowds are neither missed nor invented")
    func ignored() throws {
        let outcomes = try BoxOutcomes(
            index([box(0, 0), box(0, 30, category: 1), box(1, 0, isCrowd: true)]),
            [result(0, 0, 0.9), result(0, 50, 0.95, category: 1), result(1, 1, 0.99)], by: .coco,
            ignoring: ["disc"])
        #expect(
            outcomes.report.classes == [.init(name: "square", counts: OutcomeCounts(found: 1))])
        #expect(outcomes.marks.map(\.outcome) == [.found])
    }

    @Test("The pictures are those with the most objects, with titles and a legend")
    func pictures() throws {
        let fixture = try DetectionFixture()
        let folder = fixture.path + "/run"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func write(_ images: Int) throws -> BoxOutcomes {
            var outcomes = try BoxOutcomes(
                index([box(1, 0), box(1, 20), box(2, 0)], images: images),
                [result(1, 1, 0.9), result(2, 40, 0.95)], by: .coco)
            // Later images are the first once more.
            try outcomes.write(to: folder) { "\(fixture.path)/\($0 % 3).png" }
            return outcomes
        }
        let three = try write(3)
        #expect(
            three.report.pictures == [
                .init(file: "detections.png", caption: "1.png: 1 of 2 found, 0 invented"),
                .init(file: "detections-2.png", caption: "2.png: 0 of 1 found, 1 invented"),
                .init(file: "detections-3.png", caption: "0.png: 0 of 0 found, 0 invented"),
            ])
        let first = try Data(contentsOf: URL(fileURLWithPath: folder + "/detections.png"))
        let picture = try ImageReader.read(folder + "/detections.png")
        // Four times as large, two lines above and the legend's below.
        #expect(picture.width == 4 * 96 && picture.height > 4 * 72 + 50)
        let six = try write(6)
        #expect(six.report.pictures.count == BoxOutcomes.mostPictures)
        #expect(six.report.notes.last?.hasPrefix("Drawn are the 4 of 6 images") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/detections.png")) == first)
    }

    @Test("Nothing detected and nothing right are said")
    func emptySides() throws {
        let silent = try BoxOutcomes(index([box(0, 0)]), [], by: .coco)
        #expect(silent.report.total == OutcomeCounts(missed: 1))
        let wrong = try BoxOutcomes(index([box(0, 0)]), [result(0, 50, 0.5)], by: .visDrone)
        #expect(wrong.report.total == OutcomeCounts(missed: 1) && wrong.marks.count == 1)
        let none = try BoxOutcomes(index([]), [result(0, 50, 0.5)], by: .coco)
        #expect(none.report.total == OutcomeCounts() && none.marks.isEmpty)
    }
}
