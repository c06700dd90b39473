// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions
import Testing

@Suite("Random segments") struct RandomSegmentBaselineTests {
    private let training = (0..<10).map { number in
        Item(Segment(start: 1, end: number < 8 ? 2 : 41), label: number < 8 ? 3 : 5, in: number)
    }

    private func videos(_ count: Int) -> [RandomSegmentBaseline.Video] {
        (0..<count).map { RandomSegmentBaseline.Video(id: $0, duration: 30) }
    }

    @Test func drawsFollowPriorsAndLengths() {
        let drawn = RandomSegmentBaseline(training: training).predictions(
            for: videos(20), count: 200, seed: 1)
        #expect(drawn.count == 4_000)
        let common = drawn.filter { $0.label == 3 }
        // 0.8 of 4,000, standard deviation 25.
        #expect((3_100...3_300).contains(common.count))
        #expect(common.allSatisfy { abs($0.place.length - 1) < 1e-9 })
        #expect(
            drawn.filter { $0.label == 5 }.allSatisfy {
                $0.place == Segment(start: 0, end: 30)
            })
        #expect(drawn.allSatisfy { $0.place.start >= 0 && $0.place.end <= 30 + 1e-9 })
        #expect(drawn.allSatisfy { (0..<1).contains($0.score) })
    }

    @Test func drawsDependOnSeedAndVideoOnly() {
        let baseline = RandomSegmentBaseline(training: training)
        let few = baseline.predictions(for: videos(2), count: 50, seed: 7)
        let many = baseline.predictions(for: videos(4), count: 50, seed: 7)
        #expect(few == Array(many.prefix(100)))
        #expect(few != baseline.predictions(for: videos(2), count: 50, seed: 8))
        #expect(Array(few[..<50]).map(\.score) != Array(few[50...]).map(\.score))
    }

    @Test func meanOverDrawsIsAPrecision() {
        let baseline = RandomSegmentBaseline(training: training)
        let values = baseline.meanAveragePrecision(
            groundTruth: training, videos: videos(10), count: 20, thresholds: [0.1, 0.5],
            draws: 5, seed: 0)
        #expect(values.count == 2)
        #expect(values[0] > values[1] && values[1] > 0 && values[0] < 1)
    }

    @Test func nothingToLearnFromDrawsNothing() {
        let baseline = RandomSegmentBaseline(training: [])
        #expect(baseline.predictions(for: videos(3), count: 5, seed: 0).isEmpty)
        let odd = RandomSegmentBaseline.Video(id: 0, duration: .nan)
        #expect(
            RandomSegmentBaseline(training: training).predictions(for: [odd], count: 5, seed: 0)
                .isEmpty)
    }
}
