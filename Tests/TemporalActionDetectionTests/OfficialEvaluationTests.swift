// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Metrics
import Regions
import TemporalActionDetection
import Testing

@Suite("Evaluation as ActivityNet's own") struct OfficialEvaluationTests {
    private func annotations(_ entries: String) throws -> ActivityNetAnnotations {
        try .parse(
            "{\"database\": {\(entries)}}", file: "gt.json", options: .evaluation)
    }

    private func score(
        _ truth: String, _ results: String, keepGoing: Bool = false
    ) throws -> TemporalEvaluation {
        try TemporalEvaluation.evaluate(
            annotations: annotations(truth),
            results: .parse("{\"results\": {\(results)}}", file: "p.json", keepGoing: keepGoing),
            options: EvaluationOptions(thresholds: [0.5]))
    }

    @Test(arguments: [("[0, 0]", 1, 0), ("[1, 3]", 0, 1)])
    func segmentsWithoutLengthAndRepeatedOnesCount(
        second: String, zeroLength: Int, repeated: Int
    ) throws {
        let found = try score(
            """
            "v": {"annotations": [{"segment": [1, 3], "label": "a"},
                                  {"segment": \(second), "label": "a"}]}
            """, #""v": [{"segment": [1, 3], "label": "a", "score": 1}]"#)
        #expect(found.average == 0.5)
        #expect(found.segments == 2)
        #expect(found.zeroLengthSegments == zeroLength && found.repeatedSegments == repeated)
        #expect(
            found.remarks == [
                "annotated segments without length: \(zeroLength), repeated: \(repeated); scored "
                    + "like any other, as by ActivityNet's own script"
            ])
    }

    @Test func timesBeyondTheVideoStayAsTheyAre() throws {
        let found = try score(
            #""v": {"duration": 10, "annotations": [{"segment": [8, 90], "label": "a"}]}"#,
            #""v": [{"segment": [8, 90], "label": "a", "score": 1}]"#)
        #expect(found.average == 1)
    }

    /// Times in halves of a second, so that points meet points, and repeats.
    private func generated(
        _ seed: UInt64
    ) throws -> (truth: ActivityNetAnnotations, guesses: ActivityNetResults) {
        var generator = Draws(state: seed)
        func segment() -> (Double, Double) {
            let start = Double(generator.next(below: 40)) / 2
            return (start, start + Double(generator.next(below: 8)) / 2 + generator.nextUnit() / 99)
        }
        var entries: [String] = [], videos: [ActivityNetResults.Video] = []
        for number in 0..<12 {
            // One repeat and one point at least.
            var rows =
                number > 0
                ? []
                : ["[1, 3]", "[1, 3]", "[5, 5]"].map { "{\"segment\": \($0), \"label\": \"c0\"}" }
            for _ in 0..<(1 + generator.next(below: 7)) {
                var (start, end) = segment()
                if generator.next(below: 4) == 0 { end = start }
                if generator.next(below: 4) == 0 { (start, end) = (1, 3) }
                let label = "c\(generator.next(below: 3))"
                rows.append("{\"segment\": [\(start), \(end)], \"label\": \"\(label)\"}")
            }
            entries.append("\"v\(number)\": {\"annotations\": [\(rows.joined(separator: ","))]}")
            // Video 11 has no prediction, video 12 no truth.
            let name = number == 11 ? "v12" : "v\(number)"
            let detections = (0..<generator.next(below: 60)).map { _ in
                var (start, end) = segment()
                if generator.next(below: 6) == 0 { end = start }
                if generator.next(below: 6) == 0 { (start, end) = (1, 3) }
                return ActivityNetResults.Detection(
                    segment: Segment(start: start, end: end),
                    label: "c\(generator.next(below: 4))", score: generator.nextUnit())
            }
            videos.append(.init(id: name, detections: detections))
        }
        return (
            try annotations(entries.joined(separator: ",")),
            ActivityNetResults(version: "", videos: videos)
        )
    }

    @Test(arguments: 1...12)
    func largerSetsScoreAsTheOfficialMathematics(seed: UInt64) throws {
        let (truth, guesses) = try generated(seed)
        let found = try TemporalEvaluation.evaluate(annotations: truth, results: guesses)
        let expected = OfficialScores.meanAveragePrecision(
            OfficialScores.rows(truth), OfficialScores.rows(guesses),
            thresholds: EvaluationThresholds.activityNet)
        #expect(expected > 0.001 && found.zeroLengthSegments > 0 && found.repeatedSegments > 0)
        #expect(abs(found.average - expected) < 1e-9)
    }

    @Test(arguments: 1...12)
    func proposalsScoreAsTheOfficialMathematics(seed: UInt64) throws {
        let (truth, guesses) = try generated(seed)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)"
        ).path
        defer {
            for end in ["-gt", "-p"] { try? FileManager.default.removeItem(atPath: path + end) }
        }
        let entries = truth.videos.map { video in
            "\"\(video.id)\": {\"annotations\": ["
                + video.annotations.map {
                    "{\"segment\": [\($0.segment.start), \($0.segment.end)], \"label\": \"a\"}"
                }.joined(separator: ",") + "]}"
        }.joined(separator: ",")
        let results = guesses.videos.map { video in
            "\"\(video.id)\": ["
                + video.detections.map {
                    "{\"segment\": [\($0.segment.start), \($0.segment.end)], \"score\": \($0.score)}"
                }.joined(separator: ",") + "]"
        }.joined(separator: ",")
        try Data("{\"database\": {\(entries)}}".utf8).write(to: URL(fileURLWithPath: path + "-gt"))
        try Data("{\"results\": {\(results)}}".utf8).write(to: URL(fileURLWithPath: path + "-p"))
        let found = try ProposalEvaluation.evaluate(
            groundTruth: path + "-gt", predictions: path + "-p")
        let (recall, area) = OfficialScores.averageRecall(
            OfficialScores.rows(truth), OfficialScores.rows(guesses),
            thresholds: EvaluationThresholds.activityNet)
        #expect(abs(found.result.area - area) < 1e-9 && area > 0.01)
        #expect(
            zip(found.result.averageRecall, recall).allSatisfy { abs($0 - $1) < 1e-9 }
                && found.result.averageRecall.count == 100)
    }

    @Test func proposalsThatAreTheTruthHaveTheWholeArea() {
        let truths = (0..<4).map {
            Item(Segment(start: 1, end: 2), label: 0, in: $0)
        }
        let found = TemporalAverageRecall(thresholds: [0.5, 0.95]).evaluate(
            groundTruth: truths,
            proposals: truths.map {
                Item($0.place, label: 9, in: $0.source)
            })
        #expect(found.averageRecall == [Double](repeating: 1, count: 100))
        #expect(abs(found.area - 0.99) < 1e-12)
        let nothing = TemporalAverageRecall(thresholds: [0.5]).evaluate(
            groundTruth: truths, proposals: [])
        #expect(nothing.area == 0 && nothing.numbers.last == 100)
    }

    @Test func labelsOutsideTheTruthFindNothingAndAreNamed() throws {
        let found = try score(
            #""v": {"annotations": [{"segment": [1, 3], "label": "a"}]}"#,
            #""v": [{"segment": [1, 3], "label": "A", "score": 1}]"#)
        #expect(found.average == 0)
        #expect(found.unknownLabels == ["A"] && found.unknownLabelPredictions == 1)
        #expect(
            found.remarks == [
                "unknown labels: 1 (\"A\"), their 1 predictions find nothing and are in no class's AP"
            ])
    }

    @Test(arguments: [
        ("{\"segment\": [1, 3], \"label\": \"a\", \"score\": NaN}", "found score NaN"),
        (
            "{\"segment\": [1, -Infinity], \"label\": \"a\", \"score\": 1}",
            "found segment [1, -Infinity]"
        ),
        ("{\"segment\": [1, 1e999], \"label\": \"a\", \"score\": 1}", "[1, Infinity]"),
        ("{\"segment\": [1], \"label\": \"a\", \"score\": 1}", "found segment [1]"),
        ("7", "no segment"),
    ])
    func oneFaultyPredictionIsLeftOutUnderItsVideosName(entry: String, part: String) throws {
        let truth = #""v": {"annotations": [{"segment": [1, 3], "label": "a"}]}"#
        let results =
            "\"v\": [\(entry),\n{\"segment\": [1, 3], \"label\": \"a\", \"score\": 0.5}]"
        let found = try score(truth, results, keepGoing: true)
        #expect(found.average == 1 && found.droppedPredictions == 1 && found.predictions == 1)
        let line = try #require(found.remarks.last)
        #expect(line.hasPrefix("  p.json: line 1: \"v\": prediction 0: "), "\(line)")
        #expect(line.contains(part), "\(line)")
        #expect(throws: InputError.self) { try score(truth, results) }
    }

    @Test func videosWithoutAPredictionAreNamed() throws {
        let found = try score(
            """
            "v": {"annotations": [{"segment": [1, 3], "label": "a"}]}, "w": {}, "x": {}
            """, #""v": [{"segment": [1, 3], "label": "a", "score": 1}], "x": []"#)
        #expect(found.silentVideos == ["w", "x"])
        #expect(found.remarks == ["videos without a prediction: 2 (\"w\", \"x\")"])
    }

    @Test func truthComesAsTablesAndAsTHUMOSFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws -> String {
            let path = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
            return path.path
        }
        let table = try write(
            "truth.csv",
            """
            video,start,end,label,subset
            video_test_0000004,1,3,Diving,test
            video_test_0000004,5,5,Diving,test
            video_test_0000007,0,1,Diving,training
            """)
        _ = try write(
            "thumos/Diving_test.txt",
            "video_test_0000004 1 3\nvideo_test_0000004 5 5\nvideo_test_0000270 1 3\n")
        _ = try write("thumos/Diving_val.txt", "video_validation_0000001 1 3\n")
        _ = try write("thumos/Ambiguous_test.txt", "video_test_0000004 7 8\n")
        let results = try write(
            "found.json",
            """
            {"results": {
             "video_test_0000004": [{"segment": [1, 3], "label": "Diving", "score": 0.5}],
             "video_test_0000270": [{"segment": [1, 3], "label": "Diving", "score": 0.9}]}}
            """)
        let options = EvaluationOptions(subset: "test", thresholds: [0.5])
        let thumos = try TemporalEvaluation.evaluate(
            groundTruth: folder.path + "/thumos", predictions: results, options: options)
        #expect(thumos.average == 0.5 && thumos.segments == 2 && thumos.blockedVideos == 1)
        #expect(thumos.perClass.map(\.label) == ["Diving"])
        let tables = try TemporalEvaluation.evaluate(
            groundTruth: table, predictions: results, options: options)
        // The prediction of the video that the table lacks is false and comes first.
        #expect(tables.average == 0.25 && tables.segments == 2 && tables.videos == 1)
        let (diagnosis, _) = try TemporalDiagnosis.diagnose(
            groundTruth: folder.path + "/thumos", predictions: results, evaluation: options)
        #expect(diagnosis.mAP == 0.5)
    }
}

/// A linear congruential generator (Knuth's MMIX).
private struct Draws {
    var state: UInt64

    mutating func nextUnit() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / 0x1p53
    }

    mutating func next(below count: Int) -> Int { Int(nextUnit() * Double(count)) }
}
