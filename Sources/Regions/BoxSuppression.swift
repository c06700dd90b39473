// SPDX-License-Identifier: Apache-2.0

/// Removal or merging of detections that repeat a better one.
///
/// Candidates are taken from the best score down (ties: smaller x1, then input order), class by
/// class; the best one left is kept and takes those that are alike to it out of the rest.
/// Candidates that are not valid are left out.
package struct BoxSuppression: Sendable, Hashable {
    /// What becomes of the candidates that a kept one takes out.
    package enum Method: Sendable, Hashable {
        /// They are dropped (non-maximum suppression).
        case suppress
        /// The kept box grows to the hull of itself and of each of them, in their order, that is
        /// still alike to what it has grown to; the others are dropped (greedy non-maximum
        /// merging, as SAHI joins the parts of an object that tiles cut). The best score stays.
        /// Meant for what several passes gave, each after ``BoxSuppression/insidePass``.
        case merge
    }

    /// What becomes of repetitions.
    package var method: Method
    /// How alike boxes are.
    package var similarity: BoxSimilarity
    /// From how alike on two boxes are the same object, in (0, 1].
    package var threshold: Double
    /// At most this many detections are kept, over all classes together.
    package var maximumCount: Int
    /// Whether a kept detection acts on candidates of every class, not only its own.
    package var classAgnostic: Bool

    /// Suppression or merging, by class and without a limit unless said otherwise.
    package init(
        _ method: Method = .suppress, by similarity: BoxSimilarity = .intersectionOverUnion,
        threshold: Double, maximumCount: Int = .max, classAgnostic: Bool = false
    ) {
        precondition(
            threshold > 0 && threshold <= 1, "box threshold \(threshold) is outside (0, 1]")
        precondition(maximumCount >= 0, "box maximum count \(maximumCount) is negative")
        self.method = method
        self.similarity = similarity
        self.threshold = threshold
        self.maximumCount = maximumCount
        self.classAgnostic = classAgnostic
    }

    /// What one pass over an image goes through before passes are joined: the same, but repetitions
    /// are dropped and never merged.
    ///
    /// A head's candidates lie around an object by the hundred and differ by some pixels; merged,
    /// they would grow from each to the next. What is left of a pass has no two boxes that are
    /// alike, so that merging joins boxes of different passes only.
    package var insidePass: BoxSuppression {
        var result = self
        result.method = .suppress
        return result
    }

    /// The detections that remain, best first.
    package func callAsFunction(_ detections: [Item<Box>]) -> [Item<Box>] {
        var groups: [Int: [Turn]] = [:]
        for (index, detection) in detections.enumerated() where detection.isValid {
            groups[classAgnostic ? 0 : detection.label, default: []].append(Turn(detection, index))
        }
        var kept: [(turn: Turn, box: Box)] = []
        for group in groups.values {
            // Each group's order and results are its own: their order here changes nothing.
            kept += keep(group.sorted().map { ($0, detections[$0.index].place) })
        }
        return kept.sorted { $0.turn < $1.turn }.prefix(maximumCount).map {
            detections[$0.turn.index].moved(to: $0.box)
        }
    }

    /// The kept ones of a class and their boxes; candidates come best first.
    private func keep(_ candidates: [(turn: Turn, box: Box)]) -> [(turn: Turn, box: Box)] {
        var kept: [(turn: Turn, box: Box)] = []
        var grown: [Box] = []
        for candidate in candidates {
            let match = kept.firstIndex { similarity($0.box, candidate.box) >= threshold }
            guard let owner = match else {
                // A class can't give more than all classes together.
                guard kept.count < maximumCount else {
                    if method == .suppress { break } else { continue }
                }
                kept.append(candidate)
                grown.append(candidate.box)
                continue
            }
            if method == .merge, similarity(grown[owner], candidate.box) >= threshold {
                grown[owner] = grown[owner].hull(candidate.box)
            }
        }
        return zip(kept, grown).map { ($0.turn, $1) }
    }
}
