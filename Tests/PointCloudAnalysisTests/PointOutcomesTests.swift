// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import PointCloudAnalysis
import Reports
import Testing

@Suite("Outcomes of points and shapes") struct PointOutcomesTests {
    @Test("A wrong shape is missed in its class and invented in another")
    func counts() {
        var outcomes = PointOutcomes(classes: 3)
        for (number, pair) in [(0, 0), (0, 1), (1, 1), (2, 1)].enumerated() {
            outcomes.add(shape: number, truth: pair.0, predicted: pair.1)
        }
        let report = outcomes.report(["a", "b", "c"], areShapes: true)
        #expect(report.title == "2 of 4 shapes found, 2 missed, 2 invented")
        #expect(
            report.classes.map(\.counts) == [
                OutcomeCounts(found: 1, missed: 1), OutcomeCounts(found: 1, invented: 2),
                OutcomeCounts(missed: 1),
            ])
        #expect(outcomes.wrongShapes.map(\.number) == [1, 3])
        #expect(outcomes.wrongShapes.map(\.predicted) == [1, 1])
        // The scores of the same matrix.
        #expect(report.classes[0].counts.recall == outcomes.matrix.accuracy(of: 0))
        #expect(report.total.recall == outcomes.matrix.overallAccuracy)
        for (label, row) in report.classes.enumerated() {
            let all = row.counts.annotated + row.counts.invented
            #expect(
                outcomes.matrix.intersectionOverUnion(of: label)
                    == Double(row.counts.found) / Double(all))
        }
    }

    @Test("A scene is drawn thrice: what is right is blue, what is wrong orange")
    func sceneViews() throws {
        let positions = (0..<400).map { (index: Int) -> SIMD3<Float> in
            let x = Float(index % 20), y = Float(index / 20)
            return SIMD3(x, y, 0)
        }
        let labels = positions.indices.map { (index: Int) -> Int32 in
            index % 40 == 0 ? -1 : index % 20 < 10 ? 0 : 1
        }
        let scene = DataFixture.scene(positions, labels: labels)
        func draw(_ predicted: [Int32]) throws -> PNGImage {
            try OutcomeViews.scene(
                scene, predicted: predicted, names: ["low", "high"], titles: ["title"])
        }
        // Depth shades the colors: a channel that is 0 stays so.
        func count(_ picture: PNGImage, _ has: (SIMD3<UInt8>) -> Bool) -> Int {
            (0..<picture.width * picture.height).count { has(picture[$0]) }
        }
        let right = try draw(labels.map { max($0, 0) })
        let wrong = try draw(labels.map { $0 == 0 ? 1 : 0 })
        func blue(_ color: SIMD3<UInt8>) -> Bool { color.x == 0 && color.z > 50 }
        func orange(_ color: SIMD3<UInt8>) -> Bool { color.z == 0 && color.x > 50 }
        // The legend has both.
        #expect(count(right, blue) > 1000 && count(right, orange) < 500)
        #expect(count(wrong, blue) < 500 && count(wrong, orange) > 1000)
        #expect(right.width == wrong.width && right.width > 3 * 600)
        #expect(try draw(labels.map { max($0, 0) }) == right)
    }

    @Test("Wrong shapes stand in rows")
    func shapeViews() throws {
        let points = (0..<50).map { (index: Int) -> SIMD3<Float> in
            let x = Float(index % 5), z = Float(index % 7)
            return SIMD3(x, Float(index), z)
        }
        func draw(_ count: Int) throws -> PNGImage {
            try OutcomeViews.shapes(
                Array(repeating: (points, 0, 1), count: count), standOnY: true,
                names: ["chair", "table"], title: "wrong")
        }
        let one = try draw(1), six = try draw(6)
        // As wide as a full row, so that the title has room.
        #expect(one.width == six.width && one.width > 5 * 240)
        #expect(one.height < six.height && six.height > 2 * 180)
    }

    @Test("Scenes, shapes and confusions are written, and named in the report")
    func pictures() throws {
        try withFolder { folder in
            try DataFixture.writeLAS(DataFixture.cloud(600), to: folder + "/cloud.las")
            let recipe = try DataFixture.recipe(folder + "/cloud.las", DataFixture.split)
            let prepared = try PointPreparation(recipe).run()
            let scene = try #require(prepared.scenes(.validation).first)
            var outcomes = PointOutcomes(classes: 2)
            let labels = try prepared.load(scene).labels.map { max($0, 0) }
            outcomes.add(
                scene, labels: labels,
                confusion: try prepared.confusion(of: scene, predicted: labels))
            let report = try outcomes.write(to: folder, prepared, standOnY: false)
            #expect(report.pictures.map(\.file) == ["cloud.png", "confusion.svg"])
            #expect(report.unit == "points" && report.total.found > 0)
            #expect(report.total.missed == report.total.invented)
            for picture in report.pictures {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/\(picture.file)"))
            }
        }
    }
}
