// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Regions
import Testing

@Suite("Temporal average precision") struct TemporalAveragePrecisionTests {
    /// One case of `activitynet_cases.json`, made by `activitynet_reference.py`.
    struct Case: Decodable {
        let thresholds: [Double]
        let groundTruth: [[Double]]
        let predictions: [[Double]]
        let averagePrecision: [String: [Double]]
        let meanAveragePrecision: [Double]
    }

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Metrics")

    static func truth(_ row: [Double]) -> Item<Segment> {
        Item(Segment(start: row[2], end: row[3]), label: Int(row[1]), in: Int(row[0]))
    }

    static func guess(_ row: [Double]) -> Item<Segment> {
        Item(
            Segment(start: row[2], end: row[3]), label: Int(row[1]), score: row[4], in: Int(row[0]))
    }

    private func evaluate(
        _ truths: [[Double]], _ guesses: [[Double]], at thresholds: [Double] = [0.5]
    ) -> TemporalAveragePrecision.Result {
        TemporalAveragePrecision(thresholds: thresholds).evaluate(
            groundTruth: truths.map(Self.truth), predictions: guesses.map(Self.guess))
    }

    @Test func agreesWithTheSecondImplementation() throws {
        let data = try Data(
            contentsOf: Self.fixtures.appendingPathComponent("activitynet_cases.json"))
        let cases = try JSONDecoder().decode([Case].self, from: data)
        #expect(cases.count == 16)
        for (number, one) in cases.enumerated() {
            let result = evaluate(one.groundTruth, one.predictions, at: one.thresholds)
            #expect(
                result.classes.map(\.label)
                    == one.averagePrecision.keys.compactMap { Int($0) }.sorted())
            for row in result.classes {
                let expected = try #require(one.averagePrecision[String(row.label)])
                #expect(close(row.averagePrecision, expected), "case \(number) class \(row.label)")
            }
            #expect(
                close(result.meanAveragePrecision, one.meanAveragePrecision), "case \(number)")
        }
    }

    private func close(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-12 }
    }

    @Test func perfectPredictionsScoreOne() {
        let truths: [[Double]] = [[0, 0, 1, 2], [0, 1, 1, 2], [1, 0, 5, 9]]
        let result = evaluate(truths, truths.map { $0 + [0.5] }, at: [0.5, 0.95, 1])
        #expect(result.meanAveragePrecision == [1, 1, 1])
        #expect(result.average == 1)
    }

    @Test func secondHitOnTheSameSegmentIsFalse() {
        // Precisions 1, 1/2, 2/3: area (1 + 2/3) / 2.
        let result = evaluate(
            [[0, 0, 0, 10], [0, 0, 20, 30]],
            [[0, 0, 0, 10, 0.9], [0, 0, 0, 9, 0.8], [0, 0, 20, 30, 0.7]])
        #expect(abs(result.average - 5.0 / 6) < 1e-15)
    }

    @Test func predictionFallsThroughToTheSecondBest() {
        // Both guesses like [0, 10] best; the weaker one also reaches 0.5 on [0, 6].
        let result = evaluate(
            [[0, 0, 0, 10], [0, 0, 0, 6]], [[0, 0, 0, 10, 0.9], [0, 0, 0, 9, 0.8]])
        #expect(result.average == 1)
    }

    @Test func segmentsAreTakenPerThreshold() {
        // The better-scored guess is a hit at 0.3 only and leaves the segment free at 0.7.
        let result = evaluate(
            [[0, 0, 0, 10]], [[0, 0, 0, 5, 0.9], [0, 0, 0, 10, 0.8]], at: [0.3, 0.7])
        #expect(result.meanAveragePrecision == [1, 0.5])
    }

    @Test func otherVideosCountAsFalseAndOtherClassesNotAtAll() {
        let result = evaluate(
            [[0, 0, 0, 10]],
            [[7, 0, 0, 10, 0.9], [0, 0, 0, 10, 0.8], [0, 5, 0, 10, 0.95]])
        #expect(result.average == 0.5)
        #expect(result.unscoredCount == 1)
        #expect(result.classes.map(\.predictionCount) == [2])
    }

    @Test func classWithoutPredictionsScoresZero() {
        let result = evaluate([[0, 0, 0, 1], [0, 1, 0, 1]], [[0, 0, 0, 1, 0.1]])
        #expect(result.average == 0.5)
        #expect(evaluate([[0, 0, 0, 1]], []).average == 0)
        #expect(evaluate([], [[0, 0, 0, 1, 0.1]]).average == 0)
    }

    @Test func equalScoresKeepInputOrder() {
        let truths: [[Double]] = [[0, 0, 0, 10]]
        let hit: [Double] = [0, 0, 0, 10, 0.5]
        let miss: [Double] = [0, 0, 50, 60, 0.5]
        #expect(evaluate(truths, [hit, miss]).average == 1)
        #expect(evaluate(truths, [miss, hit]).average == 0.5)
    }

    @Test func pointsAreFoundByPointsOfTheirVideoAlone() {
        let point: [[Double]] = [[0, 0, 3, 3]]
        #expect(evaluate(point, [[0, 0, 4, 2, 0.9], [0, 0, 2, 4, 0.9]]).average == 0)
        #expect(evaluate([[0, 0, 2, 4]], [[0, 0, 3, 3, 0.9]]).average == 0)
        // As in the protocol's own script, where 0 / 0 is below no threshold.
        #expect(evaluate(point, [[0, 0, 5, 5, 0.9]]).average == 1)
        #expect(evaluate(point, [[1, 0, 3, 3, 0.9]]).average == 0)
    }

    /// 5,000 videos x 100 predictions x 200 classes; `DR2NET_BENCHMARK=1` runs it in full.
    @Test func largeEvaluationTakesSeconds() {
        let isFull = ProcessInfo.processInfo.environment["DR2NET_BENCHMARK"] != nil
        let videos = isFull ? 5_000 : 250
        var state: UInt64 = 1
        func next(_ bound: Double) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 * bound
        }
        var truths: [Item<Segment>] = []
        var guesses: [Item<Segment>] = []
        for video in 0..<videos {
            let label = Int(next(200))
            for _ in 0..<(1 + Int(next(3))) {
                let start = next(100)
                truths.append(
                    Item(Segment(start: start, end: start + 1 + next(60)), label: label, in: video))
            }
            for number in 0..<100 {
                let start = next(100)
                guesses.append(
                    Item(
                        Segment(start: start, end: start + 1 + next(60)),
                        label: number % 2 == 0 ? label : Int(next(200)), score: next(1), in: video))
            }
        }
        let evaluator = TemporalAveragePrecision(
            thresholds: (10...19).map { Double($0) / 20 })
        var average = 0.0
        let time = ContinuousClock().measure {
            average = evaluator.evaluate(groundTruth: truths, predictions: guesses).average
        }
        print("evaluator: \(videos) videos x 100 predictions x 200 classes: \(time)")
        #expect(average > 0 && average < 1)
        #expect(time < .seconds(5))
    }
}
