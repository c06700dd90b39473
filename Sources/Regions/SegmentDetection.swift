// SPDX-License-Identifier: Apache-2.0

/// One detected action: where, what, and how sure.
package struct SegmentDetection: Sendable, Hashable {
    /// Where the action is.
    package var segment: Segment

    /// Index of the class.
    package var label: Int

    /// Confidence, higher is surer; any finite number.
    package var score: Double

    /// A detection of class `label` with `score`.
    package init(segment: Segment, label: Int, score: Double) {
        self.segment = segment
        self.label = label
        self.score = score
    }

    /// Whether the segment has a length and every number is finite.
    package var isValid: Bool { segment.isValid && score.isFinite }
}

/// The one order of detections: score downwards, then the earlier start, then the input index.
///
/// A total order on finite numbers, so that equal scores never depend on a sorting algorithm.
@inlinable
package func precedes(
    _ a: (score: Double, start: Double, index: Int), _ b: (score: Double, start: Double, index: Int)
) -> Bool {
    if a.score != b.score { return a.score > b.score }
    if a.start != b.start { return a.start < b.start }
    return a.index < b.index
}
