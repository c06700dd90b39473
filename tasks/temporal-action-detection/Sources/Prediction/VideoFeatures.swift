// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Files
import Media
package import Tensors

/// The features of a video straight from its file, decoded ahead while the network runs.
package struct VideoFeatures {
    private let path: String
    private let start: Double
    private let rate: Double
    private let size: Int
    /// Seconds.
    package let duration: Double
    /// Frames at the rate.
    package let frames: Int

    /// What the user should know of its length.
    private let note: String?

    /// Measures a whole film.
    ///
    /// - Parameters:
    ///   - rate: Frames a second.
    ///   - size: Side of the square frames in pixels.
    package init(path: String, rate: Double, size: Int) throws {
        let length = try TemporalVideos.length(path)
        try self.init(
            path: path, start: 0, duration: length.pictures, rate: rate, size: size,
            note: length.missing.map { _ in VideoExtent.cutOff(path, length) })
    }

    /// A part of a film.
    ///
    /// - Parameters:
    ///   - start: Seconds from the film's start to the video's.
    ///   - duration: Seconds.
    package init(
        path: String, start: Double, duration: Double, rate: Double, size: Int, note: String? = nil
    ) throws {
        self.path = path
        self.start = start
        self.rate = rate
        self.size = size
        self.duration = duration
        self.note = note
        frames = try TemporalVideos.frames(path: path, duration: duration, rate: rate)
    }

    /// The features, `[positions, D]`.
    ///
    /// - Parameters:
    ///   - report: Told how many frames are done.
    ///   - warn: Told of damaged or missing frames.
    package func positions(
        _ encoder: FrameEncoder, _ context: Context,
        report: (_ done: Int, _ total: Int) -> Void, warn: (String) -> Void
    ) throws -> Tensor {
        var parts: [Tensor] = []
        try forEachPositions(encoder, context, report: report, warn: warn) { parts.append($0) }
        return .joiningRows(parts)
    }

    /// Gives the features a few positions at a time, `[n, D]`, and keeps none.
    func forEachPositions(
        _ encoder: FrameEncoder, _ context: Context,
        report: (_ done: Int, _ total: Int) -> Void, warn: (String) -> Void,
        _ body: (Tensor) throws -> Void
    ) throws {
        let loader = ClipLoader(
            InferenceClips(path: path, start: start, rate: rate, ranges: encoder.ranges(frames)),
            resize: .exact(width: size, height: size), filter: .area, capacity: 4)
        var damaged = 0
        if let note { warn(note) }
        try encoder.forEachPositions(
            count: frames, context,
            input: { range in
                guard let clip = try loader.next() else {
                    throw InputError("\(path): decoding ended before frame \(range.upperBound)")
                }
                damaged += clip.warnings + clip.paddedFrames
                report(range.upperBound, frames)
                return encoder.input(Array(0..<clip.frameCount)) { indices, layout in
                    encoder.pixelTables.tensor(
                        clip.pixels, frames: indices, height: size, width: size, layout: layout)
                }
            }, body)
        if damaged > 0 { warn("\(path): \(damaged) damaged or missing frames") }
    }
}

/// The clips of an inference, asked for one after the other.
private struct InferenceClips: Sequence, IteratorProtocol, Sendable {
    let path: String
    let start: Double
    let rate: Double
    var ranges: InferenceRanges

    mutating func next() -> ClipRequest? {
        ranges.next().map {
            ClipRequest(
                path: path, start: start + Double($0.lowerBound) / rate, frameCount: $0.count,
                rate: rate)
        }
    }
}
