// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions
import Testing

@Suite("Box error breakdown") struct BoxErrorBreakdownTests {
    private func truth(
        _ x: Double, label: Int = 0, isCrowd: Bool = false, isIgnored: Bool = false
    ) -> AnnotatedBox {
        AnnotatedBox(
            Item(Rectangle(x: x, y: 0, width: 10, height: 10), label: label), isCrowd: isCrowd,
            isIgnored: isIgnored)
    }

    private func guess(_ x: Double, _ score: Double, label: Int = 0) -> Item<Rectangle> {
        Item(Rectangle(x: x, y: 0, width: 10, height: 10), label: label, score: score)
    }

    private func counts(
        _ truths: [AnnotatedBox], _ guesses: [Item<Rectangle>], limit: Int = 100
    ) -> [Int] {
        BoxErrorBreakdown(
            groundTruth: truths, predictions: guesses, labels: 2, maximumDetections: limit
        ).costs.map(\.count)
    }

    @Test("counts and costs are tidecv's") func equalsTIDE() throws {
        let fixture = try BoxFixture("errors")
        let expected = try #require(fixture.expected.errors)
        let found = BoxErrorBreakdown(
            groundTruth: fixture.truths, predictions: fixture.predictions,
            labels: fixture.classNames.count, maximumDetections: 100)
        #expect(abs(found.averagePrecision - expected.averagePrecision) < 1e-9)
        for cost in found.costs {
            #expect(cost.count == expected.cost(cost.kind).count, "\(cost.kind)")
            #expect(
                abs(cost.averagePrecision - expected.cost(cost.kind).averagePrecision) < 1e-9,
                "\(cost.kind)")
        }
    }

    /// Order: classification, localization, both, duplicate, background, missed.
    @Test("each cause is told from the others") func causes() {
        let one = [truth(0)]
        #expect(counts(one, [guess(0, 0.9)]) == [0, 0, 0, 0, 0, 0])
        #expect(counts(one, [guess(0, 0.9, label: 1)]) == [1, 0, 0, 0, 0, 0])
        #expect(counts(one, [guess(5, 0.9)]) == [0, 1, 0, 0, 0, 0])
        #expect(counts(one, [guess(5, 0.9, label: 1)]) == [0, 0, 1, 0, 0, 1])
        #expect(counts(one, [guess(0, 0.9), guess(1, 0.8)]) == [0, 0, 0, 1, 0, 0])
        #expect(counts(one, [guess(50, 0.9)]) == [0, 0, 0, 0, 1, 1])
        #expect(counts(one, []) == [0, 0, 0, 0, 0, 1])
        #expect(counts([], [guess(0, 0.9)]) == [0, 0, 0, 0, 1, 0])
    }

    @Test("what crowds and ignored objects cover is no error") func ignored() {
        #expect(
            counts([truth(0, isCrowd: true)], [guess(3, 0.9), guess(2, 0.8)]) == [0, 0, 0, 0, 0, 0])
        #expect(counts([truth(0, isIgnored: true)], [guess(3, 0.9)]) == [0, 0, 0, 0, 0, 0])
        #expect(counts([truth(0, isCrowd: true)], [guess(3, 0.9, label: 1)]) == [0, 0, 0, 0, 1, 0])
    }

    @Test("only the best predictions of an image count, negative labels never") func limits() {
        let truths = [truth(0), truth(40)]
        let guesses = [guess(0, 0.9), guess(40, 0.2), guess(80, 0.5, label: -1)]
        #expect(counts(truths, guesses, limit: 1) == [0, 0, 0, 0, 0, 1])
        #expect(counts(truths, guesses, limit: 2) == [0, 0, 0, 0, 0, 0])
    }

    @Test("of several claims on one object the surest is put right") func claims() {
        let found = BoxErrorBreakdown(
            groundTruth: [truth(0), truth(40)],
            predictions: [guess(5, 0.9), guess(4.5, 0.8), guess(40, 0.7)], labels: 1,
            maximumDetections: 100)
        #expect(found.costs.map(\.count) == [0, 2, 0, 0, 0, 0])
        // From one true of three to two of two.
        #expect(abs(found.averagePrecision - 51.0 / 101 / 3) < 1e-12)
        #expect(abs(found.costs[1].averagePrecision - (1 - found.averagePrecision)) < 1e-12)
    }

    @Test("oLRP is least where predictions of a score are taken together") func optimalLRP() throws
    {
        func error(_ guesses: [Item<Rectangle>]) throws -> LocalizationRecallPrecision {
            try #require(
                BoxAveragePrecision(.coco).evaluate(
                    groundTruth: [truth(0), truth(40)], predictions: guesses, labels: 1
                ).classes[0].localizationRecallPrecision)
        }
        let none = try error([])
        #expect(none.error == 1 && none.localization == -1 && none.falseNegatives == 1)
        // IoU 9/11 and 1 with a false one of the same score as the second.
        let some = try error([guess(1, 0.9), guess(40, 0.5), guess(80, 0.5), guess(90, 0.1)])
        #expect(abs(some.error - (2.0 / 11 / 0.5 + 1) / 3) < 1e-12)
        #expect(abs(some.localization - 1.0 / 11) < 1e-12)
        #expect(abs(some.falsePositives - 1.0 / 3) < 1e-12 && some.falseNegatives == 0)
    }
}
