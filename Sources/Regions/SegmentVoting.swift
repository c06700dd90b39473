// SPDX-License-Identifier: Apache-2.0

/// Moves each kept segment to the weighted mean of the candidates that agree with it.
///
/// Both ends become `Σ weight · end / Σ weight` over the candidates of the same class whose tIoU
/// with the kept segment is at least ``threshold``, weighted by score · tIoU (the code of
/// ActionFormer, ECCV 2022, after box voting in Gidaris & Komodakis 2015). Scores, labels and the
/// order stay.
package struct SegmentVoting: Sendable, Equatable {
    /// The tIoU from which a candidate has a vote, in (0, 1].
    package var threshold: Double

    /// Whether candidates of other classes vote too.
    package var classAgnostic: Bool

    /// Voting among candidates with a tIoU of at least `threshold`.
    package init(threshold: Double, classAgnostic: Bool = false) {
        precondition(
            threshold > 0 && threshold <= 1, "voting threshold \(threshold) is outside (0, 1]")
        self.threshold = threshold
        self.classAgnostic = classAgnostic
    }

    /// `kept` with new segments; `candidates` are the detections before suppression.
    ///
    /// Candidates with a score of 0 or less, or that are not valid, have no vote. A kept segment
    /// without any vote stays where it is.
    package func callAsFunction(
        _ kept: [Item<Segment>], candidates: [Item<Segment>]
    ) -> [Item<Segment>] {
        let voters = candidates.filter { $0.isValid && $0.score > 0 }
        return kept.map { detection in
            var weight = 0.0
            var start = 0.0
            var end = 0.0
            for voter in voters where classAgnostic || voter.label == detection.label {
                let overlap = voter.place.intersectionOverUnion(detection.place)
                guard overlap >= threshold else { continue }
                let vote = voter.score * overlap
                weight += vote
                start += vote * voter.place.start
                end += vote * voter.place.end
            }
            guard weight > 0 else { return detection }
            return detection.moved(to: Segment(start: start / weight, end: end / weight))
        }
    }
}
