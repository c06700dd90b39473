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
    ///   - action: Seconds of the video.
    ///   - length: Positions of the window.
    ///   - minimumVisible: The part of it that must be inside.
    package func target(
        _ action: Item<Segment>, length: Int, minimumVisible: Double
    ) -> Item<Segment>? {
        let start = action.place.start * rate - first, end = action.place.end * rate - first
        let last = Double(length - 1) + margin
        let inside = min(end, last) - max(start, -margin)
        guard inside > 0, inside >= minimumVisible * (end - start) else { return nil }
        return action.moved(to: Segment(start: max(start, -margin), end: min(end, last)))
    }

    /// A segment of the window in seconds of the video, cut to it; nil where nothing is left.
    package func seconds(_ segment: Segment, duration: Double) -> Segment? {
        let start = max(0, (segment.start + first) / rate)
        let end = min(duration, (segment.end + first) / rate)
        return end > start ? Segment(start: start, end: end) : nil
    }
}
