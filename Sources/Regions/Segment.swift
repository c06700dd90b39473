// SPDX-License-Identifier: Apache-2.0

/// A stretch of time, `start ..< end`, in any one unit (seconds, frames, feature positions).
///
/// Nothing forbids `end <= start`: predictions come from networks and annotations from files.
/// Such a segment has length 0 and overlaps nothing, itself included.
package struct Segment: Region, Codable {
    /// Where the segment begins.
    package var start: Double

    /// Where the segment ends.
    package var end: Double

    /// A segment from `start` to `end`.
    package init(start: Double, end: Double) {
        self.start = start
        self.end = end
    }

    /// `end - start`, or 0 for an empty or reversed segment.
    package var length: Double { end > start ? end - start : 0 }

    /// The middle, `(start + end) / 2`.
    package var centre: Double { (start + end) / 2 }

    /// Whether both ends are finite numbers and the end lies after the start.
    package var isValid: Bool { start.isFinite && end.isFinite && end > start }

    /// The length shared with `other`; 0 where they only touch.
    @inlinable
    package func intersection(_ other: Segment) -> Double {
        let shared = min(end, other.end) - max(start, other.start)
        return shared > 0 ? shared : 0
    }

    /// Temporal intersection over union with `other`, in [0, 1].
    ///
    /// Exactly 1 only for two equal segments of positive length. 0 where either is empty,
    /// reversed or not a number, so that no comparison with a threshold ever sees NaN. The
    /// union is `length + length - intersection`, in this order, as in the ActivityNet
    /// evaluation.
    @inlinable
    package func intersectionOverUnion(_ other: Segment) -> Double {
        let shared = intersection(other)
        guard shared > 0 else { return 0 }
        let union = (end - start) + (other.end - other.start) - shared
        guard union > 0, union.isFinite else { return 0 }
        return min(shared / union, 1)
    }

    /// The part of the segment inside `0 ... limit`; empty where nothing of it lies there.
    package func clipped(to limit: Double) -> Segment {
        Segment(start: min(max(start, 0), limit), end: min(max(end, 0), limit))
    }
}
