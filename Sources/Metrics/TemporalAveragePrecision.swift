// SPDX-License-Identifier: Apache-2.0
import Regions

/// Average precision of temporal action detection by the ActivityNet protocol.
///
/// Per class, all predictions are taken in order of falling score. Each looks at the annotated
/// segments of its own video and class in order of falling tIoU and takes the first one that is
/// still free and has tIoU >= threshold: a true positive; otherwise it is a false positive. A
/// prediction may so fall through to its second-best segment, unlike in COCO. Segments are
/// taken separately for every threshold. The area is that of ``AveragePrecision``; the mean runs
/// over the classes that occur in the ground truth.
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
        groundTruth: [GroundTruthSegment], predictions: [PredictedSegment]
    ) -> Result {
        let truths = ClassIndex(groundTruth.map(\.label))
        let guesses = ClassIndex(predictions.map(\.label))
        var classes: [ClassResult] = []
        var scored = 0
        for label in truths.labels {
            let truth = truths.positions(of: label).map { groundTruth[$0] }
            let guess = guesses.positions(of: label)
            scored += guess.count
            classes.append(
                ClassResult(
                    label: label, groundTruthCount: truth.count, predictionCount: guess.count,
                    averagePrecision: averagePrecision(of: truth, by: guess, in: predictions)))
        }
        return Result(
            thresholds: thresholds, classes: classes, unscoredCount: predictions.count - scored)
    }

    /// Average precision of one class at each threshold.
    ///
    /// `order` holds the positions of the class's predictions in `predictions`.
    private func averagePrecision(
        of groundTruth: [GroundTruthSegment], by order: [Int], in predictions: [PredictedSegment]
    ) -> [Double] {
        let videos = Dictionary(
            grouping: groundTruth.indices, by: { groundTruth[$0].video })
        let ranked = order.map { (score: predictions[$0].score, position: $0) }.sorted { a, b in
            a.score != b.score ? a.score > b.score : a.position < b.position
        }
        var curves = [AveragePrecision](repeating: AveragePrecision(), count: thresholds.count)
        for index in curves.indices { curves[index].reserveCapacity(ranked.count) }
        // taken[threshold * segments + segment]
        var taken = [Bool](repeating: false, count: thresholds.count * groundTruth.count)
        var overlaps: [(overlap: Double, segment: Int)] = []
        for (_, position) in ranked {
            overlaps.removeAll(keepingCapacity: true)
            if let candidates = videos[predictions[position].video] {
                let segment = predictions[position].segment
                for candidate in candidates {
                    let overlap = groundTruth[candidate].segment.intersectionOverUnion(segment)
                    if overlap > 0 { overlaps.append((overlap, candidate)) }
                }
                if overlaps.count > 1 {
                    overlaps.sort { a, b in
                        a.overlap != b.overlap ? a.overlap > b.overlap : a.segment < b.segment
                    }
                }
            }
            for (index, threshold) in thresholds.enumerated() {
                var isTruePositive = false
                for (overlap, segment) in overlaps {
                    guard overlap >= threshold else { break }
                    let slot = index * groundTruth.count + segment
                    if !taken[slot] {
                        taken[slot] = true
                        isTruePositive = true
                        break
                    }
                }
                curves[index].append(isTruePositive: isTruePositive)
            }
        }
        return curves.map { $0.value(positives: groundTruth.count) }
    }
}

/// The positions of every label in a list, in list order.
private struct ClassIndex {
    private let positionsByLabel: [Int: [Int]]

    init(_ labels: [Int]) {
        positionsByLabel = Dictionary(grouping: labels.indices, by: { labels[$0] })
    }

    /// The labels that occur, rising.
    var labels: [Int] { positionsByLabel.keys.sorted() }

    func positions(of label: Int) -> [Int] { positionsByLabel[label] ?? [] }
}

extension Array where Element == Double {
    /// Arithmetic mean; 0 for an empty list.
    fileprivate var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
