// SPDX-License-Identifier: Apache-2.0
import Foundation
import Regions
import Testing

@Suite("Non-maximum suppression") struct NonMaximumSuppressionTests {
    private func detection(
        _ start: Double, _ end: Double, _ score: Double, label: Int = 0
    ) -> Item<Segment> {
        Item(Segment(start: start, end: end), label: label, score: score)
    }

    /// Random candidates on a coarse grid, so that ties and equal segments occur.
    private func candidates(_ count: Int, labels: Int, seed: UInt64) -> [Item<Segment>] {
        var state = seed
        func next(_ bound: UInt64) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double((state >> 33) % bound)
        }
        return (0..<count).map { _ in
            let start = next(400) / 4
            return detection(
                start, start + 0.25 + next(60) / 4, next(50) / 50, label: Int(next(UInt64(labels)))
            )
        }
    }

    /// The textbook form: at every step the best of all, then every other one decayed.
    private func plain(
        _ input: [Item<Segment>], decay: (Double) -> Double, minimumScore: Double
    ) -> [Item<Segment>] {
        var result: [(detection: Item<Segment>, index: Int)] = []
        for label in Set(input.map(\.label)) {
            var rest = input.enumerated().filter { $0.element.label == label }
                .map { (detection: $0.element, index: $0.offset) }
            while let best = rest.indices.min(by: { before(rest[$0], rest[$1]) }) {
                let kept = rest.remove(at: best)
                guard kept.detection.score >= minimumScore else { break }
                result.append(kept)
                for position in rest.indices {
                    rest[position].detection.score *= decay(
                        rest[position].detection.place.intersectionOverUnion(
                            kept.detection.place))
                }
                rest.removeAll { $0.detection.score < minimumScore }
            }
        }
        return result.sorted(by: before).map(\.detection)
    }

    private func before(
        _ a: (detection: Item<Segment>, index: Int),
        _ b: (detection: Item<Segment>, index: Int)
    ) -> Bool {
        Turn(a.detection, a.index) < Turn(b.detection, b.index)
    }

    @Test func hardDropsOverlapsOfItsClassOnly() {
        let input = [
            detection(0, 10, 0.5), detection(1, 10, 0.9), detection(0, 10, 0.4, label: 1),
            detection(20, 30, 0.1),
        ]
        #expect(
            NonMaximumSuppression(.hard(threshold: 0.5))(input)
                == [input[1], input[2], input[3]])
        #expect(
            NonMaximumSuppression(.hard(threshold: 0.5), classAgnostic: true)(input)
                == [input[1], input[3]])
    }

    @Test func thresholdItselfSuppresses() {
        let input = [detection(0, 2, 0.9), detection(0, 1, 0.8)]
        #expect(NonMaximumSuppression(.hard(threshold: 0.5))(input).count == 1)
        #expect(NonMaximumSuppression(.hard(threshold: 0.51))(input).count == 2)
    }

    @Test func gaussianMultipliesByItsFormula() {
        let input = [detection(0, 2, 0.9), detection(1, 3, 0.8), detection(0, 2, 0.7, label: 1)]
        let output = NonMaximumSuppression(.gaussian(sigma: 0.5))(input)
        let overlap = 1.0 / 3
        #expect(
            output == [
                input[0], input[2], detection(1, 3, 0.8 * exp(-overlap * overlap / 0.5)),
            ])
    }

    @Test(arguments: [1, 2, 3, 4, 5])
    func lazyHeapGivesTheTextbookResultBitForBit(seed: UInt64) {
        let input = candidates(400, labels: 3, seed: seed)
        #expect(
            NonMaximumSuppression(.gaussian(sigma: 0.4), minimumScore: 0.02)(input)
                == plain(input, decay: { exp(-($0 * $0) / 0.4) }, minimumScore: 0.02))
        #expect(
            NonMaximumSuppression(.hard(threshold: 0.4), minimumScore: 0.02)(input)
                == plain(input, decay: { $0 >= 0.4 ? 0 : 1 }, minimumScore: 0.02))
    }

    @Test func countLimitKeepsTheBest() {
        let input = candidates(300, labels: 4, seed: 9)
        let all = NonMaximumSuppression(.gaussian(sigma: 0.4), minimumScore: 0.001)(input)
        let few = NonMaximumSuppression(
            .gaussian(sigma: 0.4), minimumScore: 0.001, maximumCount: 20)(input)
        #expect(few == Array(all.prefix(20)))
        #expect(NonMaximumSuppression(.hard(threshold: 0.5), maximumCount: 0)(input).isEmpty)
    }

    @Test func tiesGoByStartThenByInputOrder() {
        let input = [
            detection(5, 6, 0.5), detection(0, 1, 0.5, label: 1), detection(0, 2, 0.5, label: 0),
        ]
        #expect(
            NonMaximumSuppression(.hard(threshold: 0.5))(input) == [input[1], input[2], input[0]])
    }

    @Test func unusableCandidatesAreLeftOut() {
        let input = [
            detection(0, 1, .nan), detection(.nan, 1, 0.5), detection(2, 1, 0.5),
            detection(0, .infinity, 0.9), detection(0, 1, 0.3), detection(0, 1, .infinity),
        ]
        #expect(NonMaximumSuppression(.gaussian(sigma: 0.5))(input) == [input[4]])
        #expect(NonMaximumSuppression(.hard(threshold: 0.5))([]).isEmpty)
    }

    @Test func manyCandidatesTakeMilliseconds() {
        let input = candidates(16_000, labels: 8, seed: 4)
        let suppression = NonMaximumSuppression(
            .gaussian(sigma: 0.46), minimumScore: 0.001, maximumCount: 200)
        let time = ContinuousClock().measure { _ = suppression(input) }
        print("soft-NMS of 8 x 2,000 candidates, top 200: \(time)")
        // Without optimization; a quadratic pass per kept detection would take minutes here.
        #expect(time < .seconds(20))
    }
}
