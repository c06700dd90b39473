// SPDX-License-Identifier: Apache-2.0
import Metrics

/// The best predictions of every class by outcome.
struct OutcomeProfile {
    typealias Outcomes = [PredictionOutcome: Double]

    /// The outcome of each prediction looked at of one class.
    private struct ClassOutcomes {
        let label: Int
        /// Segments of the class.
        let size: Int
        /// `[threshold][place]`.
        let outcomes: [[PredictionOutcome]]
    }

    private let perClass: [ClassOutcomes]
    private let thresholdCount: Int

    /// Groups, shares and gains.
    let result: TemporalDiagnosis.FalsePositives
    /// Pairs of classes taken for each other, the most frequent first.
    let mistakenClasses: [TemporalDiagnosis.MistakenClass]

    init(_ matches: DiagnosisMatches, _ items: EvaluationItems, groups: Int) {
        let segments = SegmentsByVideo(items.truths)
        var mistaken: [[Int]: Int] = [:]
        let perClass = matches.classes.map { label, matching in
            let size = matching.truths.count
            let (limit, overflow) = size.multipliedReportingOverflow(by: groups)
            let places = 0..<(overflow ? matching.ranked.count : min(limit, matching.ranked.count))
            let best = places.map { segments.best(items.guesses[matching.ranked[$0]]) }
            let outcomes = matches.thresholds.enumerated().map { number, threshold in
                places.map { place -> PredictionOutcome in
                    guard matching.match(threshold: number, place: place) == nil else {
                        return .truePositive
                    }
                    let near = best[place]
                    if let other = near.label, other != label,
                        near.overlap >= PredictionOutcome.nearThreshold
                    {
                        mistaken[[label, other], default: 0] += 1
                    }
                    return PredictionOutcome(
                        ofFalsePositive: near.overlap, isOwnClass: near.label == label,
                        threshold: threshold)
                }
            }
            return ClassOutcomes(label: label, size: size, outcomes: outcomes)
        }
        let thresholdCount = matches.thresholds.count
        self.perClass = perClass
        self.thresholdCount = thresholdCount
        let base = Self.normalizedMAP(matches, perClass, without: nil)
        var gain: Outcomes = [:]
        for outcome in PredictionOutcome.allCases where outcome != .truePositive {
            gain[outcome] = Self.normalizedMAP(matches, perClass, without: outcome) - base
        }
        result = TemporalDiagnosis.FalsePositives(
            groups: (0..<groups).map { Self.group(perClass, $0..<$0 + 1, thresholdCount) },
            all: Self.group(perClass, 0..<groups, thresholdCount), normalizedMAP: base, gain: gain)
        let ordered = mistaken.sorted { a, b in
            a.value != b.value ? a.value > b.value : a.key.lexicographicallyPrecedes(b.key)
        }
        mistakenClasses = ordered.prefix(20).map { pair, count in
            TemporalDiagnosis.MistakenClass(
                predicted: items.labels[pair[0]], annotated: items.labels[pair[1]],
                count: Double(count) / Double(thresholdCount))
        }
    }

    /// The predictions looked at of one class by outcome, as means over thresholds.
    func outcomes(label: Int) -> Outcomes {
        guard let found = perClass.first(where: { $0.label == label }) else { return [:] }
        return Self.counts([found], 0..<Int.max, thresholdCount).outcomes
    }

    /// Slices of all classes: with G segments a class, the places from `slices.lowerBound` · G on.
    private static func group(
        _ classes: [ClassOutcomes], _ slices: Range<Int>, _ thresholdCount: Int
    ) -> TemporalDiagnosis.Group {
        let (count, outcomes) = counts(classes, slices, thresholdCount)
        return TemporalDiagnosis.Group(
            predictions: count,
            share: count == 0 ? [:] : outcomes.mapValues { $0 / Double(count) })
    }

    private static func counts(
        _ classes: [ClassOutcomes], _ slices: Range<Int>, _ thresholdCount: Int
    ) -> (predictions: Int, outcomes: Outcomes) {
        var count = 0
        var sums: [PredictionOutcome: Int] = [:]
        for one in classes {
            let available = one.outcomes.first?.count ?? 0
            let (end, overflow) = one.size.multipliedReportingOverflow(by: slices.upperBound)
            let start = min(available, one.size * slices.lowerBound)
            let places = start..<(overflow ? available : min(available, end))
            count += places.count
            for outcomes in one.outcomes {
                for outcome in outcomes[places] { sums[outcome, default: 0] += 1 }
            }
        }
        var outcomes: Outcomes = [:]
        for outcome in PredictionOutcome.allCases {
            outcomes[outcome] = Double(sums[outcome] ?? 0) / Double(max(1, thresholdCount))
        }
        return (count, outcomes)
    }

    private static func normalizedMAP(
        _ matches: DiagnosisMatches, _ classes: [ClassOutcomes], without: PredictionOutcome?
    ) -> Double {
        zip(matches.classes, classes).map { entry, one in
            matches.normalizedAP(
                entry.matching, positives: one.size, places: one.outcomes.first?.count ?? 0
            ) { threshold, place in one.outcomes[threshold][place] != without }
        }.mean
    }
}
