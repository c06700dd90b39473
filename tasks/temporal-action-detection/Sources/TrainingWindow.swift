// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

/// One training window as it is drawn: which frames, how fast, mirrored or not.
package struct TrainingWindow: Sendable, Equatable {
    /// The source frame of each position, rising; fewer than the window where the video ends.
    package var frames: [Int]
    /// Source frames from one position to the next; 1 is the video's own pace.
    package var pace: Double
    /// Whether left and right are exchanged.
    package var isFlipped: Bool

    /// A window of a video, moved, stretched and mirrored at random.
    ///
    /// The start moves by up to half a step between neighbouring windows; the pace is drawn
    /// log-uniformly from [1 / `timeScale`, `timeScale`].
    ///
    /// - Parameters:
    ///   - start: The window's place before it is moved.
    ///   - videoFrames: Frames of the video, 1 or more.
    ///   - data: Length, overlap, time scale and flips.
    ///   - key: Where the draws come from.
    package init(
        start: Int, videoFrames: Int, data: TemporalRecipe.Data, key: RandomKey
    ) {
        let length = data.windowFrames
        let power = 2 * key.child("pace").uniform() - 1
        pace = data.timeScale > 1 ? pow(data.timeScale, power) : 1
        isFlipped = data.flips && key.child("flip").uniform() < 0.5
        let room = videoFrames - 1
        let positions = min(length, Int((Double(room) / pace).rounded(.down)) + 1)
        let span = Int((Double(positions - 1) * pace).rounded(.down))
        var first = 0
        if positions == length {
            let step = max(1, Int(Double(length) * (1 - data.windowOverlap)))
            let moved = start + key.child("jitter").integer(below: step + 1) - step / 2
            first = min(max(0, moved), room - span)
        }
        let pace = pace
        frames = (0..<positions).map {
            min(room, first + Int((Double($0) * pace).rounded()))
        }
    }

    /// Between seconds of the video and positions of this window.
    package func seconds(rate: Double) -> WindowSeconds {
        WindowSeconds(rate: rate / pace, first: Double(frames.first ?? 0) / pace)
    }
}
