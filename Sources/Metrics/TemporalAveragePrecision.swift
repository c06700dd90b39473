// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Average precision of temporal action detection by the ActivityNet protocol.
///
/// Per class, all predictions are taken in order of falling score. Each looks at the annotated
/// segments of its own video and class in order of falling tIoU and takes the first one that is
/// still free and has tIoU >= threshold: a true positive; otherwise it is a false positive. A
/// prediction may so fall through to its second-best segment, unlike in COCO. Segments are
/// taken separately for every threshold. The area is that of ``AveragePrecision``; the mean runs
/// over the classes that occur in the ground truth.
///
/// Segments without length and repeated ones count like any other, as in the protocol's own
/// script: the former are found by a prediction without length in their video alone.
///
/// The protocol's own script leaves ties to an unstable sort. Here predictions of equal score
/// keep their input order, and of two segments with equal tIoU the earlier in the input goes
/// first.
package struct TemporalAveragePrecision: Sendable {
    /// What one class got.
    package struct ClassResult: Sendable, Equatable {
        /// Index of the class.
        package let label: Int

        /// Number of annotated segments, at least 1.
        package let groundTruthCount: Int

        /// Number of predictions of this class.
        package let predictionCount: Int

        /// Average precision at each threshold, in [0, 1].
        package let averagePrecision: [Double]

        /// Mean of ``averagePrecision`` over the thresholds.
        package var mean: Double { averagePrecision.mean }
    }

    /// What all classes got.
    package struct Result: Sendable, Equatable {
        /// The tIoU thresholds, in the order given.
        package let thresholds: [Double]

        /// Every class of the ground truth, by rising label.
        package let classes: [ClassResult]

        /// Number of predictions of classes that the ground truth lacks; they score nothing.
        package let unscoredCount: Int

        /// Mean over classes at each threshold.
        package var meanAveragePrecision: [Double] {
            thresholds.indices.map { index in classes.map { $0.averagePrecision[index] }.mean }
        }

        /// Mean over classes and thresholds, the protocol's headline.
        package var average: Double { meanAveragePrecision.mean }
    }

    /// The tIoU thresholds, each in (0, 1].
    package let thresholds: [Double]

    /// An evaluation at `thresholds`; at least one.
    package init(thresholds: [Double]) {
        precondition(!thresholds.isEmpty, "no tIoU threshold")
        for threshold in thresholds {
            precondition(
                threshold > 0 && threshold <= 1, "tIoU threshold \(threshold) is outside (0, 1]")
        }
        self.thresholds = thresholds
    }

    /// Scores `predictions` against `groundTruth`.
    ///
    /// - Precondition: scores are not NaN.
    package func evaluate(
        groundTruth: [Item<Segment>], predictions: [Item<Segment>]
    ) -> Result {
        var classes: [ClassResult] = []
        var scored = 0
        forEachClass(groundTruth: groundTruth, predictions: predictions) { label, matching in
            scored += matching.ranked.count
            classes.append(
                ClassResult(
                    label: label, groundTruthCount: matching.truths.count,
                    predictionCount: matching.ranked.count,
                    averagePrecision: thresholds.indices.map {
                        matching.curve(threshold: $0).value(positives: matching.truths.count)
                    }))
        }
        return Result(
            thresholds: thresholds, classes: classes, unscoredCount: predictions.count - scored)
    }

    /// Gives the matching of every class of the ground truth to `body`, by rising label.
    package func forEachClass(
        groundTruth: [Item<Segment>], predictions: [Item<Segment>],
        _ body: (_ label: Int, TemporalMatching) -> Void
    ) {
        let truths = ClassIndex(groundTruth.map(\.label))
        let guesses = ClassIndex(predictions.map(\.label))
        for label in truths.labels {
            body(
                label,
                TemporalMatching(
                    truths.positions(of: label), of: groundTruth,
                    by: guesses.positions(of: label), of: predictions, thresholds: thresholds))
        }
    }
}

extension Array where Element == Double {
    /// Arithmetic mean; 0 for an empty list.
    fileprivate var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
