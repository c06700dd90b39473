// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Between seconds of a video and positions of a window: position k of the window is at
/// (k + first) / rate.
package struct WindowSeconds: Sendable {
    /// Positions a second.
    package var rate: Double
    /// The window's first position, in positions from the video's start.
    package var first: Double
    /// How far the window reaches beyond its first and last position.
    package var margin: Double

    /// The times of a window.
    package init(rate: Double, first: Double, margin: Double = 0) {
        self.rate = rate
        self.first = first
        self.margin = margin
    }

    /// An action in positions of the window, cut to it; nil where too little of it is inside.
    ///
    /// - Parameters:
    ///   - segment: Seconds of the video.
    ///   - label: The class.
    ///   - length: Positions of the window.
    ///   - minimumVisible: The part of the action that must be inside.
    package func target(
        _ segment: Segment, label: Int, length: Int, minimumVisible: Double
    ) -> SegmentTarget? {
        let start = segment.start * rate - first, end = segment.end * rate - first
        let last = Double(length - 1) + margin
        let inside = min(end, last) - max(start, -margin)
        guard inside > 0, inside >= minimumVisible * (end - start) else { return nil }
        return SegmentTarget(
            segment: Segment(start: max(start, -margin), end: min(end, last)), label: label)
    }

    /// A segment of the window in seconds of the video, cut to it; nil where nothing is left.
    package func seconds(_ segment: Segment, duration: Double) -> Segment? {
        let start = max(0, (segment.start + first) / rate)
        let end = min(duration, (segment.end + first) / rate)
        return end > start ? Segment(start: start, end: end) : nil
    }
}
