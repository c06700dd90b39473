// SPDX-License-Identifier: Apache-2.0

/// When the frames, or precomputed vectors, of a video are: number k at (k + offset) / rate.
package struct VideoClock: Sendable, Equatable {
    /// Frames, or vectors, a second.
    package var rate: Double
    /// In frames, or vectors.
    package var offset: Double
    /// How many of them one position of a head's input stands for; its time is their middle.
    package var group: Int

    /// A clock.
    package init(rate: Double, offset: Double = 0, group: Int = 1) {
        self.rate = rate
        self.offset = offset
        self.group = group
    }

    /// The times of a window.
    ///
    /// - Parameters:
    ///   - first: The window's first frame or vector.
    ///   - pace: Frames or vectors of the video from one of the window to the next.
    package func window(first: Double, pace: Double = 1) -> WindowSeconds {
        let step = Double(group) * pace
        let margin = Double(group - 1) / Double(2 * group) + offset / step
        return WindowSeconds(rate: rate / step, first: first / step + margin, margin: margin)
    }
}
