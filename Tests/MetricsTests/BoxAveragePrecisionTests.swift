// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions
import Testing

@Suite("Box average precision") struct BoxAveragePrecisionTests {
    /// A square of class 0.
    private func truth(
        _ x: Double, side: Double = 10, image: Int = 0, isCrowd: Bool = false,
        isIgnored: Bool = false, area: Double? = nil
    ) -> AnnotatedBox {
        AnnotatedBox(
            Item(Rectangle(x: x, y: 0, width: side, height: side), label: 0, in: image), area: area,
            isCrowd: isCrowd, isIgnored: isIgnored)
    }

    private func guess(
        _ x: Double, _ score: Double, side: Double = 10, image: Int = 0, label: Int = 0
    ) -> Item<Rectangle> {
        Item(
            Rectangle(x: x, y: 0, width: side, height: side), label: label, score: score, in: image)
    }

    private func scores(
        _ truths: [AnnotatedBox], _ guesses: [Item<Rectangle>], rules: BoxProtocol = .coco,
        labels: Int = 1
    ) -> [String: Double] {
        let result = BoxAveragePrecision(rules).evaluate(
            groundTruth: truths, predictions: guesses, labels: labels)
        return Dictionary(uniqueKeysWithValues: result.summary.map { ($0.name, $0.value) })
    }

    @Test(arguments: ["mixed", "crowded", "tiny", "errors"])
    func equalsPycocotools(name: String) throws {
        let fixture = try BoxFixture(name)
        let rules: BoxProtocol = fixture.expected.protocol == "coco" ? .coco : .aiTOD
        let result = BoxAveragePrecision(rules).evaluate(
            groundTruth: fixture.truths, predictions: fixture.predictions,
            labels: fixture.classNames.count)
        #expect(Set(result.summary.map(\.name)) == Set(fixture.expected.summary.keys))
        for score in result.summary {
            let expected = try #require(fixture.expected.summary[score.name])
            #expect(abs(score.value - expected) < 1e-9, "\(score.name)")
        }
        for (label, className) in fixture.classNames.enumerated() {
            let expected = try #require(fixture.expected.perClass[className])
            #expect(abs(result.averagePrecision(of: label) - expected) < 1e-9, "\(className)")
        }
    }

    @Test func summariesHaveTheFieldsNames() {
        func names(_ rules: BoxProtocol) -> [String] {
            BoxAveragePrecision(rules).evaluate(groundTruth: [], predictions: [], labels: 0)
                .summary.map(\.name)
        }
        #expect(
            names(.coco) == [
                "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm",
                "ARl",
            ])
        #expect(
            names(.aiTOD) == [
                "AP", "AP50", "AP75", "APvt", "APt", "APs", "APm", "AR1", "AR100", "AR1500",
                "ARvt", "ARt", "ARs", "ARm", "AP25", "oLRP", "oLRPLoc", "oLRPFP", "oLRPFN",
            ])
        #expect(names(.visDrone) == ["AP", "AP50", "AP75", "AR1", "AR10", "AR100", "AR500"])
    }

    @Test func thresholdsAreRoundedAsTheProtocolsProgramDoes() {
        #expect(
            BoxProtocol.cocoThresholds
                == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95])
    }

    @Test func nothingToFindIsMinusOneAndNothingFoundIsZero() {
        #expect(scores([], [guess(0, 1)]).values.allSatisfy { $0 == -1 })
        let missed = scores([truth(0)], [])
        #expect(missed["AP"] == 0 && missed["AR100"] == 0 && missed["APs"] == 0)
        #expect(missed["APm"] == -1 && missed["ARl"] == -1)
        // A class without objects doesn't count in the mean.
        #expect(abs((scores([truth(0)], [guess(0, 1)], labels: 3)["AP"] ?? 0) - 1) < 1e-12)
    }

    @Test func crowdsTakeAnyNumberAndMissNothing() {
        let crowd = truth(100, side: 100, isCrowd: true)
        let inside = [guess(100, 0.9), guess(120, 0.8), guess(140, 0.7)]
        let found = scores([truth(0), crowd], inside + [guess(0, 0.1)])
        #expect(abs((found["AP"] ?? 0) - 1) < 1e-12)
        // What is ignored without being a crowd takes one by IoU; the second is false.
        let ignored = truth(100, isIgnored: true)
        let twice = scores(
            [truth(0), ignored], [guess(100, 0.9), guess(100, 0.8), guess(0, 0.1)])
        #expect(abs((twice["AP"] ?? 0) - 0.5) < 1e-12)
    }

    @Test func annotatedAreasDecideTheRange() {
        let found = scores([truth(0, side: 40, area: 900)], [guess(0, 1, side: 40)])
        #expect(abs((found["APs"] ?? 0) - 1) < 1e-12)
        #expect(found["APm"] == -1)
        // A prediction outside the range that matches nothing is not false there.
        let far = scores([truth(0)], [guess(500, 1, side: 50), guess(0, 0.5)])
        #expect(abs((far["APs"] ?? 0) - 1) < 1e-12)
        #expect(abs((far["AP"] ?? 0) - 0.5) < 1e-12)
    }

    @Test func equalScoresGoByImageThenInputOrder() {
        let hit = guess(0, 0.5, image: 1), miss = guess(50, 0.5, image: 0)
        let truths = [truth(0, image: 1)]
        let half = 0.5
        for guesses in [[hit, miss], [miss, hit]] {
            #expect(abs((scores(truths, guesses)["AP"] ?? 0) - half) < 1e-12)
        }
        let late = guess(50, 0.5, image: 1)
        #expect(abs((scores(truths, [hit, late])["AP"] ?? 0) - 1) < 1e-12)
        #expect(abs((scores(truths, [late, hit])["AP"] ?? 0) - half) < 1e-12)
    }

    @Test func limitsCountAClassOrAnImage() {
        let truths = [truth(0)]
        // The object is found by the second prediction of its image, the first of its class.
        let guesses = [guess(50, 0.9, label: 1), guess(0, 0.5)]
        #expect(scores(truths, guesses, labels: 2)["AR1"] == 1)
        let found = scores(truths, guesses, rules: .visDrone, labels: 2)
        #expect(found["AR1"] == 0 && found["AR10"] == 1)
        // A prediction that is scored nowhere takes a place all the same.
        let unscored = scores(
            truths, [guess(50, 0.9, label: -1), guess(0, 0.5)], rules: .visDrone)
        #expect(unscored["AR1"] == 0 && abs((unscored["AP"] ?? 0) - 1) < 1e-12)
    }

    @Test func visDroneAddsEveryStepOfTheCurve() {
        // Hit, miss, hit: (1 + 2/3) / 2 by every point.
        let found = scores(
            [truth(0), truth(20)], [guess(0, 0.9), guess(100, 0.8), guess(20, 0.7)],
            rules: .visDrone)
        #expect(abs((found["AP"] ?? 0) - (1 + 2.0 / 3) / 2) < 1e-12)
    }

    @Test func curvesFallAndStartAtTheBestPrecision() throws {
        let fixture = try BoxFixture("mixed")
        let result = BoxAveragePrecision(.coco).evaluate(
            groundTruth: fixture.truths, predictions: fixture.predictions,
            labels: fixture.classNames.count)
        for row in result.classes where row.positives[0] > 0 {
            for curve in row.precisionCurves {
                #expect(curve.count == 101)
                #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 >= $1 })
            }
        }
    }
}
