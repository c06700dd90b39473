// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions
import Testing

@Suite("Outcomes of detections") struct DetectionOutcomesTests {
    private typealias Match = DetectionOutcomes.Match

    private func outcomes(
        _ truths: [Int?], _ matches: [Match], labels: Int = 1
    ) -> DetectionOutcomes {
        DetectionOutcomes(truths: truths, matches: matches, labels: labels)
    }

    @Test("The threshold with the highest F1 decides what is shown")
    func highestF1() {
        // F1 behind each detection: 2/4, 2/5, 4/6, 4/7, 4/8.
        let found = outcomes(
            [0, 0, 0],
            [
                Match(label: 0, score: 0.9, truth: 2), Match(label: 0, score: 0.8),
                Match(label: 0, score: 0.75, truth: 0), Match(label: 0, score: 0.6),
                Match(label: 0, score: 0.5),
            ])
        #expect(found.minimumScore == 0.7)
        #expect(found.truths == [.found, .missed, .found])
        #expect(found.detections == [.found, .invented, .found, nil, nil])
        #expect(found.total == OutcomeCounts(found: 2, missed: 1, invented: 1))
        #expect(found.total.precision == 2.0 / 3 && found.total.recall == 2.0 / 3)
        #expect(found.total.f1 == 2.0 / 3 && found.total.annotated == 3 && found.total.shown == 3)
    }

    @Test("Of thresholds with one F1 the highest is taken")
    func tiedThresholds() {
        // 2/3 behind the first, 2/4, then 4/6 = 2/3 again.
        let found = outcomes(
            [0, 0],
            [
                Match(label: 0, score: 3, truth: 0), Match(label: 0, score: 2),
                Match(label: 0, score: 1), Match(label: 0, score: 0.5, truth: 1),
            ])
        #expect(found.minimumScore == 3)
        #expect(found.detections == [.found, nil, nil, nil])
    }

    @Test("No threshold parts detections of equal score")
    func tiedScores() {
        let found = outcomes(
            [0], [Match(label: 0, score: 0.5), Match(label: 0, score: 0.5, truth: 0)])
        #expect(found.detections == [.invented, .found] && found.minimumScore == 0.5)
    }

    @Test("The threshold has as few decimals as part the shown from the next")
    func shortThresholds() {
        func threshold(_ score: Double, _ next: Double) -> Double? {
            outcomes(
                [0], [Match(label: 0, score: score, truth: 0), Match(label: 0, score: next)]
            ).minimumScore
        }
        #expect(threshold(0.3145, 0.1) == 0.3)
        #expect(threshold(0.3145, 0.3) == 0.31)
        #expect(threshold(0.3145, 0.31449) == 0.3145)
        #expect(threshold(-1.23, -1.29) == -1.23)
        #expect(threshold(-1.23, -5) == -1.3)
        let close = 0.3.nextUp
        #expect(threshold(close, 0.3) == close)
        #expect(threshold(0.3, 0.3.nextDown) == 0.3)
    }

    @Test("Classes are counted apart, and the threshold holds for all")
    func severalClasses() {
        let found = outcomes(
            [0, 1, 1],
            [
                Match(label: 0, score: 0.9, truth: 0), Match(label: 1, score: 0.8, truth: 2),
                Match(label: 2, score: 0.85), Match(label: 1, score: 0.1),
            ], labels: 3)
        #expect(
            found.classes == [
                OutcomeCounts(found: 1), OutcomeCounts(found: 1, missed: 1),
                OutcomeCounts(invented: 1),
            ])
    }

    @Test("Nothing is shown where nothing matches, and empty sides have counts")
    func emptySides() {
        let wrong = outcomes([0, 0], [Match(label: 0, score: 0.9), Match(label: 0, score: 0.8)])
        #expect(wrong.minimumScore == nil && wrong.detections == [nil, nil])
        #expect(wrong.total == OutcomeCounts(missed: 2) && wrong.total.precision == nil)
        #expect(outcomes([], [Match(label: 0, score: 1)]).total == OutcomeCounts())
        #expect(outcomes([0], []).total == OutcomeCounts(missed: 1))
        let nothing = outcomes([], [], labels: 0)
        #expect(nothing.classes.isEmpty && nothing.total.f1 == nil && nothing.total.recall == nil)
    }

    @Test("What need not be found is neither missed nor makes detections invented")
    func ignored() {
        let found = outcomes(
            [nil, 0],
            [
                Match(label: 0, score: 0.9, isIgnored: true),
                Match(label: 0, score: 0.5, truth: 1),
            ])
        #expect(found.truths == [nil, .found] && found.detections == [nil, .found])
    }

    // MARK: Segments

    private func truth(_ video: Int, _ label: Int, _ start: Double, _ end: Double)
        -> Item<Segment>
    {
        Item(Segment(start: start, end: end), label: label, in: video)
    }

    private func guess(
        _ video: Int, _ label: Int, _ start: Double, _ end: Double, _ score: Double
    ) -> Item<Segment> {
        Item(Segment(start: start, end: end), label: label, score: score, in: video)
    }

    @Test("Segments are matched in their video and class, surest first")
    func segments() {
        let found = DetectionOutcomes(
            groundTruth: [truth(0, 0, 0, 10), truth(1, 0, 0, 10), truth(0, 1, 20, 30)],
            predictions: [
                guess(0, 0, 0, 9, 0.6),  // a surer one has it
                guess(0, 0, 1, 10, 0.7), guess(1, 1, 0, 10, 0.9),  // another class
                guess(1, 0, 0, 5, 0.8),  // half of it is enough
                guess(0, 1, 20, 24, 0.95),  // less is not
            ], labels: 2)
        #expect(found.detections == [nil, .found, .invented, .found, .invented])
        #expect(found.truths == [.found, .found, .missed])
        #expect(found.minimumScore == 0.7)
        #expect(
            found.classes == [OutcomeCounts(found: 2), OutcomeCounts(missed: 1, invented: 2)])
    }

    @Test("The counts are those that the evaluation has with the shown detections alone")
    func agreesWithTheEvaluation() {
        // A fixed rule for many segments: some near an annotated one, some nowhere.
        var truths: [Item<Segment>] = [], guesses: [Item<Segment>] = []
        for number in 0..<60 {
            let place = Double(number * 10)
            truths.append(truth(number % 3, number % 4, place, place + 6))
            let shift = Double(number * 7 % 5)
            guesses.append(
                guess(
                    number % 3, number % 4, place + shift, place + shift + 6,
                    1 / (1 + Double(number * 13 % 17))))
            guesses.append(
                guess(
                    number % 3, number * 3 % 5, place + 1, place + 6,
                    1 / (1.5 + Double(number * 5 % 19))))
        }
        let found = DetectionOutcomes(groundTruth: truths, predictions: guesses, labels: 5)
        guard let least = found.minimumScore else {
            Issue.record("nothing is shown")
            return
        }
        let shown = guesses.filter { $0.score >= least }
        var hits = [Int](repeating: 0, count: 5), all = hits
        TemporalAveragePrecision(thresholds: [0.5]).forEachClass(
            groundTruth: truths, predictions: shown
        ) { label, matching in
            all[label] = matching.truths.count
            hits[label] = matching.ranked.indices.count {
                matching.match(threshold: 0, place: $0) != nil
            }
        }
        for label in 0..<5 {
            #expect(
                found.classes[label]
                    == OutcomeCounts(
                        found: hits[label], missed: all[label] - hits[label],
                        invented: shown.count { $0.label == label } - hits[label]))
        }
        // No other threshold is better.
        for other in Set(guesses.map(\.score)) {
            let few = guesses.filter { $0.score >= other }
            var right = 0
            TemporalAveragePrecision(thresholds: [0.5]).forEachClass(
                groundTruth: truths, predictions: few
            ) { _, matching in
                right += matching.ranked.indices.count {
                    matching.match(threshold: 0, place: $0) != nil
                }
            }
            let f1 = 2 * Double(right) / Double(truths.count + few.count)
            #expect(f1 <= found.total.f1 ?? 0)
        }
        #expect(found.total.found > 5 && found.total.invented > 5 && found.total.missed > 5)
    }

    // MARK: Boxes

    private func box(
        _ image: Int, _ label: Int, _ x: Double, side: Double = 10, isCrowd: Bool = false,
        isIgnored: Bool = false
    ) -> AnnotatedBox {
        AnnotatedBox(
            Item(Rectangle(x: x, y: 0, width: side, height: side), label: label, in: image),
            isCrowd: isCrowd, isIgnored: isIgnored)
    }

    private func guess(_ image: Int, _ label: Int, _ x: Double, _ score: Double) -> Item<Rectangle>
    {
        Item(Rectangle(x: x, y: 0, width: 10, height: 10), label: label, score: score, in: image)
    }

    @Test("Boxes are matched in their image and class, and crowds make nothing invented")
    func boxes() {
        let found = DetectionOutcomes(
            groundTruth: [
                box(1, 0, 0), box(0, 0, 0), box(0, 1, 50), box(0, 0, 100, side: 60, isCrowd: true),
                box(1, 1, 300, isIgnored: true),
            ],
            predictions: [
                guess(1, 0, 1, 0.9), guess(0, 0, 2, 0.8), guess(0, 0, 3, 0.7),
                guess(0, 0, 110, 0.85), guess(0, 0, 120, 0.84), guess(1, 1, 300, 0.83),
                guess(0, 1, 49, 0.75), guess(0, 1, 200, 0.95), guess(0, -1, 0, 0.99),
            ], labels: 2, rules: .coco)
        #expect(found.truths == [.found, .found, .found, nil, nil])
        #expect(
            found.detections == [
                .found, .found, nil, nil, nil, nil, .found, .invented, nil,
            ])
        #expect(found.counted == 5)
        #expect(
            found.classes == [OutcomeCounts(found: 2), OutcomeCounts(found: 1, invented: 1)])
    }

    @Test("Detections beyond the number that counts are not shown")
    func limits() {
        let found = DetectionOutcomes(
            groundTruth: [box(0, 0, 0), box(0, 0, 100)],
            predictions: [guess(0, 0, 0, 0.9), guess(0, 0, 100, 0.8)], labels: 1,
            rules: .coco.with(maximumDetections: [1]))
        #expect(found.total == OutcomeCounts(found: 1, missed: 1) && found.counted == 1)
    }

    @Test(
        "The counts of boxes are those that the evaluation has with the shown detections alone",
        arguments: ["mixed", "crowded", "tiny", "errors"])
    func boxesAgreeWithTheEvaluation(name: String) throws {
        let fixture = try BoxFixture(name)
        let labels = fixture.classNames.count
        let rules: BoxProtocol = fixture.expected.protocol == "coco" ? .coco : .aiTOD
        let found = DetectionOutcomes(
            groundTruth: fixture.truths, predictions: fixture.predictions, labels: labels,
            rules: rules)
        let least = try #require(found.minimumScore)
        let scores = BoxAveragePrecision(rules).evaluate(
            groundTruth: fixture.truths,
            predictions: fixture.predictions.filter { $0.score >= least }, labels: labels)
        for (counts, score) in zip(found.classes, scores.classes) where score.positives[0] > 0 {
            let recall = try #require(score.recall[0][0].last)
            #expect(counts.annotated == score.positives[0])
            #expect(abs(Double(counts.found) - recall * Double(counts.annotated)) < 1e-9)
        }
        #expect(found.total.found > 0)
    }
}
