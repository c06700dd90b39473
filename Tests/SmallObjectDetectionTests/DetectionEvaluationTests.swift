// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Metrics
import Regions
import SmallObjectDetection
import Testing

@Suite("Detection evaluation") struct DetectionEvaluationTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Detection").path

    private struct Scores: Decodable {
        let summary: [String: Double]
        let perClass: [String: Double]
    }

    @Test(
        arguments: [
            ("mixed", DetectionProtocol.coco), ("crowded", .coco), ("tiny", .aiTOD),
            ("errors", .coco),
        ]
            as [(String, DetectionProtocol)])
    func filesScoreAsInPycocotools(name: String, standard: DetectionProtocol) throws {
        let path = "\(Self.fixtures)/\(name)"
        let evaluation = try DetectionEvaluation.evaluate(
            groundTruth: path + ".truth.json", predictions: path + ".predictions.json",
            by: standard)
        let expected = try JSONDecoder().decode(
            Scores.self, from: Data(contentsOf: URL(fileURLWithPath: path + ".scores.json")))
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(evaluation))
        let root = try #require(object as? [String: Any])
        for (key, value) in expected.summary {
            // What pycocotools has as -1 is null.
            let found =
                value < 0 ? root[key] is NSNull : abs((root[key] as? Double ?? 9) - value) < 1e-9
            #expect(found, "\(key)")
        }
        let classes = try #require(root["perClass"] as? [String: [String: Any]])
        #expect(Set(classes.keys) == Set(expected.perClass.keys))
        for (key, value) in expected.perClass {
            let own = classes[key]?["AP"]
            #expect(
                value < 0 ? own is NSNull : abs((own as? Double ?? 9) - value) < 1e-9, "\(key)")
        }
        #expect(root["protocol"] as? String == standard.rawValue)
    }

    private func index(_ categories: [String], _ boxes: [AnnotatedBox]) -> DetectionIndex {
        DetectionIndex(
            images: [.init(id: 1, file: "", width: 100, height: 100)],
            categories: categories.enumerated().map { .init(id: $0, name: $1) }, boxes: boxes)
    }

    private func box(_ x: Double, _ category: Int, size: Double = 10) -> AnnotatedBox {
        AnnotatedBox(Item(Rectangle(x: x, y: 10, width: size, height: size), label: category))
    }

    private func result(_ x: Double, _ category: Int, _ score: Double) -> Item<Rectangle> {
        Item(Rectangle(x: x, y: 10, width: 10, height: 10), label: category, score: score)
    }

    @Test func visDroneLeavesOutIgnoredRegionsAndOthers() throws {
        let names = ["ignored regions", "car", "others"]
        let truth = index(names, [box(50, 0, size: 40), box(10, 1), box(60, 1), box(30, 2)])
        let results = [
            result(60, 1, 0.9), result(75, 1, 0.8), result(30, 2, 0.7), result(10, 1, 0.5),
        ]
        let found = try DetectionEvaluation.evaluate(truth, results, by: .visDrone)
        #expect(found.classNames == ["car"])
        #expect(found.annotationsInRegions == 1 && found.predictionsInRegions == 2)
        #expect(abs(found.averagePrecision - 1) < 1e-12)
        // The prediction of an unscored class takes the first place.
        #expect(found.scores.summary.first { $0.name == "AR1" }?.value == 0)
        #expect(found.table.contains("left out: 1 annotations, 2 predictions"))
    }

    @Test(
        "classes that are ignored have no part in any mean", arguments: DetectionProtocol.allCases)
    func ignoredClassesAreNotScored(standard: DetectionProtocol) throws {
        let truth = index(["car", "van", "bus"], [box(10, 0), box(40, 1), box(70, 2)])
        let results = [result(10, 0, 0.9), result(75, 2, 0.8), result(70, 2, 0.7)]
        let all = try DetectionEvaluation.evaluate(truth, results, by: standard)
        let found = try DetectionEvaluation.evaluate(
            truth, results, by: standard, ignoring: ["van"])
        #expect(found.classNames == ["car", "bus"] && found.boxes == 2)
        let sum = (0..<2).map { found.scores.averagePrecision(of: $0) }.reduce(0, +)
        #expect(sum > 1 && abs(found.averagePrecision - sum / 2) < 1e-12)
        #expect(abs(all.averagePrecision - sum / 3) < 1e-12)
    }

    @Test func visDroneNeedsTheSizeOfImagesWithRegions() {
        var truth = index(["ignored", "car"], [box(50, 0), box(10, 1)])
        truth.images[0].width = 0
        #expect(throws: InputError.self) {
            try DetectionEvaluation.evaluate(truth, [], by: .visDrone)
        }
        #expect(throws: Never.self) { try DetectionEvaluation.evaluate(truth, [], by: .coco) }
    }

    @Test func ignoredAnnotationsNeedNotBeFoundInVisDroneOnly() throws {
        var ignored = box(60, 0)
        ignored.isIgnored = true
        let truth = index(["car"], [box(10, 0), ignored])
        let results = [result(60, 0, 0.9), result(60, 0, 0.8), result(10, 0, 0.5)]
        let visDrone = try DetectionEvaluation.evaluate(truth, results, by: .visDrone)
        #expect(abs(visDrone.averagePrecision - 1) < 1e-12)
        let coco = try DetectionEvaluation.evaluate(truth, results, by: .coco)
        #expect(coco.averagePrecision < 0.95)
    }

    @Test func moreDetectionsCountWhenAsked() throws {
        let boxes = (0..<20).map { box(Double($0) * 40, 0) }
        let results = (0..<20).map { result(Double($0) * 40, 0, 1 - Double($0) / 100) }
        let few = try DetectionEvaluation.evaluate(
            index(["tree"], boxes), results, by: .coco, maximumDetections: [5, 10])
        #expect(few.scores.summary.first { $0.name == "AR10" }?.value == 0.5)
        let all = try DetectionEvaluation.evaluate(index(["tree"], boxes), results, by: .coco)
        #expect(abs(all.averagePrecision - 1) < 1e-12)
    }

    @Test func tableHasOneLineAClass() throws {
        let found = try DetectionEvaluation.evaluate(
            index(["tree", "bush"], [box(10, 0)]), [result(10, 0, 0.9)], by: .coco)
        #expect(
            found.table == """
                class  boxes  predictions     AP   AP50   AP75
                tree       1            1  1.000  1.000  1.000
                bush       0            0      -      -      -
                mean       1            1  1.000  1.000  1.000
                AP 1.000  AP50 1.000  AP75 1.000  APs 1.000  APm -  APl -  AR1 1.000  AR10 1.000  \
                AR100 1.000  ARs 1.000  ARm -  ARl -
                protocol coco, images: 1
                -: no annotated object to be found there, so no score
                """)
    }

    @Test func classesOutsideTheAnnotationsFindNothingAndAreNamed() throws {
        let truth = index(["tree"], [box(10, 0), box(60, 0)])
        let results = [result(10, 0, 0.9), result(60, -1, 0.8)]
        let found = try DetectionEvaluation.evaluate(
            truth, results, by: .coco, breaksDownErrors: true, outside: [7: 1])
        let alone = try DetectionEvaluation.evaluate(truth, [results[0]], by: .coco)
        #expect(found.scores == alone.scores)
        #expect(found.unknownCategories == [7] && found.unknownCategoryPredictions == 1)
        #expect(
            found.remarks.contains(
                "classes outside the annotations: 1 (category 7), their 1 predictions find nothing "
                    + "and are in no class's AP, as in pycocotools"))
    }

    @Test func imagesWithoutAPredictionAreNamed() throws {
        var truth = index(["tree"], [box(10, 0)])
        truth.images.append(.init(id: 2, file: "b.png", width: 100, height: 100))
        truth.images.append(.init(id: 3, idText: "\"x\"", file: "", width: 100, height: 100))
        let found = try DetectionEvaluation.evaluate(truth, [result(10, 0, 0.9)], by: .coco)
        #expect(found.silentImages == ["b.png", "\"x\""])
        #expect(
            found.remarks.contains { $0.hasPrefix("images without a prediction: 2 (\"b.png\"") })
    }

    @Test func crowdedImagesPointToMaxDetections() throws {
        let boxes = (0..<12).map { box(Double($0) * 40, 0) }
        let results = (0..<15).map { result(Double($0) * 40, 0, 1 - Double($0) / 100) }
        let found = try DetectionEvaluation.evaluate(
            index(["tree"], boxes), results, by: .coco, maximumDetections: [5, 10])
        #expect(
            found.crowding.images == 1 && found.crowding.mostObjects == 12
                && found.crowding.surplus == 5)
        #expect(found.remarks.filter { $0.contains("--max-detections") }.count == 2)
        let all = try DetectionEvaluation.evaluate(index(["tree"], boxes), results, by: .coco)
        #expect(!all.remarks.contains { $0.contains("--max-detections") })
        // VisDrone counts an image's predictions whatever their class.
        let mixed = try DetectionEvaluation.evaluate(
            index(["tree", "bush"], [box(10, 0), box(60, 1)]),
            [result(10, 0, 1), result(60, 1, 1)],
            by: .visDrone, maximumDetections: [1])
        #expect(mixed.crowding.images == 1 && mixed.crowding.surplus == 1)
    }

    @Test func oneFaultyPredictionIsLeftOutUnderItsImagesName() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let truth = folder.appendingPathComponent("t.json").path
        let guesses = folder.appendingPathComponent("p.json").path
        try Data(
            """
            {"images": [{"id": "night/1"}], "categories": [{"id": 1, "name": "a"}], "annotations":
             [{"id": "x", "image_id": "night/1", "category_id": 1, "bbox": [1, 2, 3, 4]}]}
            """.utf8
        ).write(to: URL(fileURLWithPath: truth))
        try Data(
            """
            [{"image_id": "night/1", "category_id": 1, "bbox": [1, 2, 3, 4], "score": NaN},
             {"image_id": "night/1", "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]
            """.utf8
        ).write(to: URL(fileURLWithPath: guesses))
        let found = try DetectionEvaluation.evaluate(
            groundTruth: truth, predictions: guesses, by: .coco, keepGoing: true)
        #expect(abs(found.averagePrecision - 1) < 1e-12 && found.droppedPredictions == 1)
        let line = try #require(found.dropped.first)
        #expect(
            line == "\(guesses): result 0 of image \"night/1\" has NaN or Infinity as score; "
                + "expected a number")
        #expect(found.table.contains(line))
    }

    @Test func aTruthWithoutBoxesIsRefused() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString).json"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(COCOFixture.truth("").utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: InputError.self) {
            try DetectionEvaluation.evaluate(groundTruth: path, predictions: path, by: .coco)
        }
    }
}
