// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Which annotated objects are found and which are missed, and which detections are invented, at
/// one score threshold.
///
/// What matches what is the evaluation's own answer: the surest detection first, one for each
/// object. Weaker detections change nothing about the matches of surer ones, so that leaving out
/// those below a threshold leaves the rest as it was. The threshold is the one with the highest F1
/// over all classes together, of equal ones the highest; where nothing matches, nothing is shown.
package struct DetectionOutcomes: Sendable, Equatable {
    /// The overlap (IoU of boxes, tIoU of segments) from which a detection is on an object, and from
    /// which two detections of a class are the same.
    package static let overlap = 0.5

    /// A detection and what the evaluation's matching gave it.
    package struct Match: Sendable, Equatable {
        /// Index of the class.
        package var label: Int
        /// Confidence, higher is surer; not NaN.
        package var score: Double
        /// Position of the annotated object that it takes; nil for none.
        package var truth: Int?
        /// Whether it counts neither as true nor as false, as on an object that need not be found.
        package var isIgnored = false

        /// A detection of class `label`.
        package init(label: Int, score: Double, truth: Int? = nil, isIgnored: Bool = false) {
            self.label = label
            self.score = score
            self.truth = truth
            self.isIgnored = isIgnored
        }
    }

    /// Detections from this score on are shown; nil where none is.
    ///
    /// It has as few decimals as leave the choice as it is.
    package let minimumScore: Double?

    /// The outcome of each annotated object; nil for one that need not be found.
    package let truths: [Outcome?]

    /// The outcome of each detection; nil for one that is not shown or not counted.
    package let detections: [Outcome?]

    /// The number of detections that count, shown or not.
    package let counted: Int

    /// What each class got.
    package let classes: [OutcomeCounts]

    /// What all classes got.
    package var total: OutcomeCounts { OutcomeCounts(summing: classes) }

    /// Chooses the threshold and counts.
    ///
    /// - Parameters:
    ///   - truths: The class of each annotated object; nil for one that need not be found.
    ///   - matches: The detections.
    ///   - labels: The number of classes.
    /// - Precondition: All classes are below `labels`, and no object is taken twice.
    package init(truths: [Int?], matches: [Match], labels: Int) {
        let positives = truths.count { $0 != nil }
        counted = matches.count { !$0.isIgnored }
        let chosen = Self.minimumScore(matches, positives: positives)
        var classes = [OutcomeCounts](repeating: OutcomeCounts(), count: labels)
        var isFound = [Bool](repeating: false, count: truths.count)
        detections = matches.map { match in
            guard let chosen, match.score >= chosen, !match.isIgnored else { return nil }
            guard let truth = match.truth else {
                classes[match.label].invented += 1
                return .invented
            }
            precondition(!isFound[truth], "object \(truth) is taken by two detections")
            isFound[truth] = true
            return .found
        }
        self.truths = zip(truths, isFound).map { label, isFound in
            guard let label else { return nil }
            if isFound {
                classes[label].found += 1
            } else {
                classes[label].missed += 1
            }
            return isFound ? .found : .missed
        }
        self.classes = classes
        minimumScore = chosen
    }

    /// The threshold with the highest F1; nil where no detection matches an object.
    private static func minimumScore(_ matches: [Match], positives: Int) -> Double? {
        let ranked = matches.filter { !$0.isIgnored }.sorted { $0.score > $1.score }
        var counts = OutcomeCounts(missed: positives)
        var best: (f1: Double, place: Int)?
        for (place, match) in ranked.enumerated() {
            if match.truth == nil {
                counts.invented += 1
            } else {
                counts.found += 1
                counts.missed -= 1
            }
            // A threshold can't part equal scores.
            guard place + 1 == ranked.count || ranked[place + 1].score < match.score,
                let f1 = counts.f1, f1 > best?.f1 ?? 0
            else { continue }
            best = (f1, place)
        }
        guard let place = best?.place else { return nil }
        let next = place + 1 < ranked.count ? ranked[place + 1].score : -.infinity
        return shortest(upTo: ranked[place].score, above: next)
    }

    /// The number of fewest decimals in `next < x <= score`, at least one decimal.
    private static func shortest(upTo score: Double, above next: Double) -> Double {
        var scale = 10.0
        for _ in 1...9 {
            for rule in [FloatingPointRoundingRule.toNearestOrEven, .down] {
                let value = (score * scale).rounded(rule) / scale
                if value > next, value <= score { return value }
            }
            scale *= 10
        }
        return score
    }
}

// MARK: Segments

extension DetectionOutcomes {
    /// The outcomes of segments at tIoU ``overlap``, matched as ``TemporalAveragePrecision`` does.
    ///
    /// Predictions of a class without annotated segments are invented too, though no class's
    /// average precision holds them.
    ///
    /// - Parameter labels: The number of classes.
    package init(
        groundTruth: [Item<Segment>], predictions: [Item<Segment>], labels: Int
    ) {
        var matches = predictions.map { Match(label: $0.label, score: $0.score) }
        TemporalAveragePrecision(thresholds: [Self.overlap]).forEachClass(
            groundTruth: groundTruth, predictions: predictions
        ) { _, matching in
            for (place, position) in matching.ranked.enumerated() {
                matches[position].truth = matching.match(threshold: 0, place: place)
                    .map { matching.truths[$0] }
            }
        }
        self.init(truths: groundTruth.map(\.label), matches: matches, labels: labels)
    }
}

// MARK: Boxes

extension DetectionOutcomes {
    /// The outcomes of boxes at IoU ``overlap``, matched as ``BoxAveragePrecision`` does.
    ///
    /// - Parameters:
    ///   - labels: The number of classes.
    ///   - rules: Which objects need not be found, and how many predictions count.
    package init(
        groundTruth: [AnnotatedBox], predictions: [Item<Rectangle>], labels: Int,
        rules: BoxProtocol
    ) {
        var rules = rules
        rules.thresholds = [Self.overlap]
        rules.furtherThresholds = []
        rules.areaRanges = [rules.areaRanges[0]]
        // What no class holds, and what is beyond the numbers that count, stays out.
        var matches = predictions.map { Match(label: $0.label, score: $0.score, isIgnored: true) }
        BoxAveragePrecision(rules).forEachClass(
            groundTruth: groundTruth, predictions: predictions, labels: labels
        ) { found in
            for (outcome, position) in zip(found.outcomes[0], found.ranked.positions) {
                matches[position].isIgnored = outcome.isIgnored & 1 != 0
                if outcome.isTrue & 1 != 0 { matches[position].truth = found.truths[outcome.truth] }
            }
        }
        let areas = rules.areaRanges[0].bounds
        self.init(
            truths: groundTruth.map { $0.counts(in: areas) ? $0.item.label : nil },
            matches: matches,
            labels: labels)
    }
}
