// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Regions
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
        self.init(length: data.windowFrames, videoFrames: videoFrames, data: data, key: key) {
            room in
            let step = max(1, Int(Double(data.windowFrames) * (1 - data.windowOverlap)))
            let moved = start + key.child("jitter").integer(below: step + 1) - step / 2
            return min(max(0, moved), room)
        }
    }

    /// A part of a video that shows an action, stretched and mirrored at random.
    ///
    /// It begins anywhere, drawn up to 200 times until an action is visible enough; the last draw
    /// stands where none is. A video shorter than a window is cut to a random share of itself.
    ///
    /// - Parameters:
    ///   - crop: The range of that share.
    ///   - actions: In frames of the video.
    package init(
        showing actions: [Segment], videoFrames: Int, crop: ClosedRange<Double>,
        data: TemporalRecipe.Data, key: RandomKey
    ) {
        var length = data.windowFrames
        if videoFrames <= length {
            let share =
                crop.lowerBound
                + key.child("crop").uniform() * (crop.upperBound - crop.lowerBound)
            length = min(videoFrames, max(1, Int((share * Double(videoFrames)).rounded())))
        }
        let draw = { (attempt: Int) in
            TrainingWindow(length: length, videoFrames: videoFrames, data: data, key: key) {
                key.child("place").integer(below: $0 + 1, attempt)
            }
        }
        self = draw(0)
        for attempt in 1..<200 {
            if shows(actions, minimumVisible: data.minimumVisible) { return }
            self = draw(attempt)
        }
    }

    /// Whether enough of some action lies between the first and the last frame.
    private func shows(_ actions: [Segment], minimumVisible: Double) -> Bool {
        let first = Double(frames.first ?? 0), last = Double(frames.last ?? 0)
        return actions.contains { action in
            let inside = min(action.end, last) - max(action.start, first)
            return inside > 0 && inside >= minimumVisible * action.length
        }
    }

    /// - Parameters:
    ///   - length: Frames of a full window.
    ///   - place: The first frame of a full window, given the largest one.
    private init(
        length: Int, videoFrames: Int, data: TemporalRecipe.Data, key: RandomKey,
        place: (_ room: Int) -> Int
    ) {
        let power = 2 * key.child("pace").uniform() - 1
        let pace = data.timeScale > 1 ? pow(data.timeScale, power) : 1
        let room = videoFrames - 1
        let positions = min(length, Int((Double(room) / pace).rounded(.down)) + 1)
        let span = Int((Double(positions - 1) * pace).rounded(.down))
        let first = positions == length ? place(room - span) : 0
        self.pace = pace
        isFlipped = data.flips && key.child("flip").uniform() < 0.5
        frames = (0..<positions).map {
            min(room, first + Int((Double($0) * pace).rounded()))
        }
    }

    /// Between seconds of the video and positions of this window.
    package func seconds(_ clock: VideoClock) -> WindowSeconds {
        clock.window(first: Double(frames.first ?? 0), pace: pace)
    }
}
