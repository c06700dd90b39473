// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import TemporalActionDetection
import Testing

@Suite("Evaluation") struct EvaluationTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Metrics").path

    private let truth = """
        {"database": {
         "v": {"subset": "validation", "annotations": [{"segment": [0, 10], "label": "a"}]},
         "w": {"subset": "validation", "annotations": [{"segment": [0, 10], "label": "b"}]},
         "x": {"subset": "training", "annotations": [{"segment": [0, 10], "label": "c"}]}}}
        """

    private func evaluate(
        _ results: String, options: EvaluationOptions = EvaluationOptions(thresholds: [0.5])
    ) throws(InputError) -> TemporalEvaluation {
        try TemporalEvaluation.evaluate(
            annotations: .parse(truth, file: "gt.json", options: .evaluation),
            results: .parse(
                "{\"results\": {\(results)}}", file: "p.json", keepGoing: options.keepGoing),
            options: options)
    }

    private func prediction(_ label: String, _ score: Double = 0.5) -> String {
        #"{"segment": [0, 10], "label": "\#(label)", "score": \#(score)}"#
    }

    @Test func twoReadingsOfTheFilmAgreeAsItsReadmeSays() throws {
        let score = try TemporalEvaluation.evaluate(
            groundTruth: Self.fixtures + "/two_passes_ground_truth.json",
            predictions: Self.fixtures + "/two_passes_predictions.json",
            options: EvaluationOptions(subset: "training", thresholds: [0.3, 0.5, 0.7]))
        #expect(score.videos == 4 && score.segments == 50 && score.predictions == 51)
        let expected = [0.994, 0.994, 0.949]
        for (found, wanted) in zip(score.meanAveragePrecision, expected) {
            #expect(abs(found - wanted) < 0.0005)
        }
        let inAir = try #require(score.perClass.first { $0.label == "object_in_air" })
        #expect(inAir.averagePrecision.map { ($0 * 1000).rounded() } == [955, 955, 955])
        #expect(inAir.segments == 12 && inAir.predictions == 13)
        let animal = try #require(score.perClass.first { $0.label == "animal_in_air" })
        #expect(animal.averagePrecision.map { ($0 * 1000).rounded() } == [1000, 1000, 640])
        #expect(score.remarks.isEmpty)
    }

    @Test func subsetAndBlockedVideosLeaveBothSides() throws {
        let results = "\"v\": [\(prediction("a"))], \"w\": [\(prediction("b"))]"
        #expect(try abs(evaluate(results).average - 2.0 / 3) < 1e-15)
        var options = EvaluationOptions(subset: "validation", thresholds: [0.5])
        #expect(try evaluate(results, options: options).average == 1)
        options.blockedVideos = ["w"]
        let score = try evaluate(results, options: options)
        #expect(score.perClass.map(\.label) == ["a"])
        #expect(score.predictions == 1 && score.videos == 1 && score.blockedVideos == 1)
        #expect(score.unknownVideos.isEmpty)
    }

    @Test func unknownVideosAreFalseAndCounted() throws {
        let score = try evaluate(
            "\"v\": [\(prediction("a", 0.5))], \"u\": [\(prediction("a", 0.9))]")
        #expect(score.perClass[0].averagePrecision == [0.5])
        #expect(score.unknownVideos == ["u"])
        #expect(score.table.contains("videos outside the ground truth: 1 (\"u\")"))
    }

    @Test func unknownLabelsFindNothingAndAreCounted() throws {
        let score = try evaluate(
            "\"v\": [\(prediction("a")), \(prediction("A", 0.9)), \(prediction("q", 0.9))]")
        #expect(score.perClass[0].averagePrecision == [1])
        #expect(score.unknownLabels == ["A", "q"] && score.unknownLabelPredictions == 2)
        #expect(score.table.contains("unknown labels: 2 (\"A\", \"q\"), their 2 predictions"))
    }

    @Test func filesThatDoNotBelongTogetherAreRefused() {
        let cases = [
            ("\"v_v\": [\(prediction("a"))]", "none of its 1 videos (first: \"v_v\")")
        ]
        for (results, part) in cases {
            do throws(InputError) {
                _ = try evaluate(results)
                Issue.record("\(results) was scored")
            } catch {
                #expect(error.description.contains(part), "\(error)")
            }
        }
        #expect(throws: InputError.self) {
            try TemporalEvaluation.evaluate(
                annotations: .parse(
                    #"{"database": {"v": {"annotations": []}}}"#, file: "g", options: .evaluation),
                results: ActivityNetResults(version: "", videos: []))
        }
    }

    @Test func noPredictionsScoreZero() throws {
        let score = try evaluate("")
        #expect(score.average == 0 && score.predictions == 0)
    }

    @Test func equalScoresKeepFileOrder() throws {
        let miss = #"{"segment": [50, 60], "label": "a", "score": 0.5}"#
        let options = EvaluationOptions(subset: "validation", thresholds: [0.5])
        let first = try evaluate("\"v\": [\(prediction("a")), \(miss)]", options: options)
        let last = try evaluate("\"v\": [\(miss), \(prediction("a"))]", options: options)
        let other = try evaluate("\"w\": [\(miss)], \"v\": [\(prediction("a"))]", options: options)
        #expect(first.perClass[0].averagePrecision == [1])
        #expect(last.perClass[0].averagePrecision == [0.5])
        #expect(other.perClass[0].averagePrecision == [0.5])
    }

    @Test func jsonHasTheContractsKeys() throws {
        let score = try evaluate(
            "\"v\": [\(prediction("a"))]",
            options: EvaluationOptions(subset: "validation", thresholds: [0.5, 0.75]))
        let data = try JSONEncoder().encode(score)
        let object = try JSONSerialization.jsonObject(with: data)
        let root = try #require(object as? [String: Any])
        #expect(root["mAP"] as? Double == 0.5)
        #expect(root["mAP@0.50"] as? Double == 0.5 && root["mAP@0.75"] as? Double == 0.5)
        let classes = try #require(root["perClass"] as? [String: [String: Any]])
        #expect(classes["a"]?["AP@0.75"] as? Double == 1 && classes["b"]?["AP"] as? Double == 0)
    }

    @Test func tableHasOneLineAClass() throws {
        let score = try evaluate(
            "\"v\": [\(prediction("a"))]",
            options: EvaluationOptions(subset: "validation", thresholds: [0.5, 0.75]))
        #expect(
            score.table == """
                class  segments  predictions  AP@0.50  AP@0.75     AP
                a             1            1    1.000    1.000  1.000
                b             1            0    0.000    0.000  0.000
                mean          2            1    0.500    0.500  0.500
                2 videos; AP is the mean over 2 tIoU thresholds (0.50 to 0.75)
                videos without a prediction: 1 ("w")
                """)
    }

    @Test func blockedVideosComeAsAListOrAnObject() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString).json"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (text, isGood) in [
            (#"["v", "w"]"#, true), (#"{"v": "lost", "w": 1}"#, true), (#"["v", 3]"#, false),
            ("3", false),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(
                (try? BlockedVideos.read(path)) == (isGood ? ["v", "w"] : nil))
        }
    }
}
