// SPDX-License-Identifier: Apache-2.0
import Foundation
import HeapModule

/// Removal of detections that repeat a better one.
///
/// Candidates are taken from the best score down (ties: earlier start, then input order).
/// Hard suppression drops what overlaps a kept one too much. Gaussian soft suppression
/// (Bodla et al. 2017, "Soft-NMS") multiplies its score by `exp(-tIoU² / sigma)` and goes on
/// with the new scores. Candidates that are empty, reversed or not finite are left out.
package struct NonMaximumSuppression: Sendable, Equatable {
    /// How a kept detection acts on the others.
    package enum Method: Sendable, Equatable {
        /// Drops a candidate whose tIoU with a kept one is at least `threshold`, in (0, 1].
        case hard(threshold: Double)

        /// Multiplies the candidate's score by `exp(-tIoU² / sigma)`, `sigma` > 0.
        case gaussian(sigma: Double)
    }

    /// How a kept detection acts on the others.
    package var method: Method

    /// Candidates whose score, decayed or not, is below this are dropped.
    package var minimumScore: Double

    /// At most this many detections are kept, over all classes together.
    package var maximumCount: Int

    /// Whether a kept detection acts on candidates of every class, not only its own.
    package var classAgnostic: Bool

    /// With a value, kept segments are moved by ``SegmentVoting`` at this tIoU.
    package var votingThreshold: Double?

    /// Suppression by `method`, per class and without limits unless said otherwise.
    package init(
        _ method: Method, minimumScore: Double = 0, maximumCount: Int = .max,
        classAgnostic: Bool = false, votingThreshold: Double? = nil
    ) {
        switch method {
        case .hard(let threshold):
            precondition(
                threshold > 0 && threshold <= 1, "NMS threshold \(threshold) is outside (0, 1]")
        case .gaussian(let sigma):
            precondition(sigma > 0, "soft-NMS sigma \(sigma) is not positive")
        }
        precondition(maximumCount >= 0, "NMS maximum count \(maximumCount) is negative")
        self.method = method
        self.minimumScore = minimumScore
        self.maximumCount = maximumCount
        self.classAgnostic = classAgnostic
        self.votingThreshold = votingThreshold
    }

    /// The detections that remain, best first, with their new scores.
    package func callAsFunction(_ detections: [Item<Segment>]) -> [Item<Segment>] {
        let kept = groups(of: detections).flatMap { keep(from: $0, of: detections) }.sorted()
        let result = kept.prefix(maximumCount).map { entry in
            var detection = detections[entry.index]
            detection.score = entry.score
            return detection
        }
        guard let votingThreshold else { return result }
        return SegmentVoting(threshold: votingThreshold, classAgnostic: classAgnostic)(
            result, candidates: detections)
    }

    /// Indices of the usable candidates, one list a class in class order.
    private func groups(of detections: [Item<Segment>]) -> [[Int]] {
        var groups: [Int: [Int]] = [:]
        for (index, detection) in detections.enumerated()
        where detection.isValid && detection.score >= minimumScore {
            groups[classAgnostic ? 0 : detection.label, default: []].append(index)
        }
        return groups.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Suppression inside one group.
    ///
    /// Scores only fall, so a candidate is brought up to date only when it reaches the top of
    /// the heap: the decays of the detections kept since its last visit are applied in the
    /// order in which those were kept. This gives the same products, in the same order, as
    /// decaying every candidate at every step, at a fraction of the work.
    private func keep(from group: [Int], of detections: [Item<Segment>]) -> [Turn] {
        var heap = Heap(
            group.map { Candidate(turn: Turn(detections[$0], $0), segment: detections[$0].place) })
        var kept: [Turn] = []
        var keptSegments: [Segment] = []
        while keptSegments.count < maximumCount, var best = heap.min {
            let isFresh = best.seen == keptSegments.count
            if !isFresh {
                update(&best, with: keptSegments)
                // Dropped, or back into the heap with its lower score: it may no longer be first.
                if best.turn.score < minimumScore || best.seen < 0 {
                    heap.removeMin()
                } else {
                    heap.replaceMin(with: best)
                }
                continue
            }
            heap.removeMin()
            kept.append(best.turn)
            keptSegments.append(best.segment)
        }
        return kept
    }

    /// Applies the kept segments that `candidate` has not met; `seen` = -1 where it is dropped.
    private func update(_ candidate: inout Candidate, with kept: [Segment]) {
        for position in candidate.seen..<kept.count {
            let overlap = candidate.segment.intersectionOverUnion(kept[position])
            switch method {
            case .hard(let threshold):
                if overlap >= threshold {
                    candidate.seen = -1
                    return
                }
            case .gaussian(let sigma):
                if overlap > 0 {
                    candidate.turn.score *= exp(-(overlap * overlap) / sigma)
                    if candidate.turn.score < minimumScore { return }
                }
            }
        }
        candidate.seen = kept.count
    }
}

/// A detection that waits for its turn.
private struct Candidate: Comparable {
    /// Its turn by the score after the decays applied so far.
    var turn: Turn

    /// Where it is.
    let segment: Segment

    /// How many kept detections have acted on it.
    var seen = 0

    static func < (a: Candidate, b: Candidate) -> Bool { a.turn < b.turn }
}
