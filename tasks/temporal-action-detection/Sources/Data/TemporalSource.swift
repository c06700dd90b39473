// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Files
import Reversible
import Tensors
import Training

/// One video that a task is trained or evaluated on.
package struct SourceVideo: Sendable, Equatable {
    /// The id.
    package var id: String
    /// The subset.
    package var subset: String?
    /// Seconds.
    package var duration: Double
    /// Prepared frames, or precomputed vectors.
    package var count: Int
    /// When they are.
    package var clock: VideoClock
}

/// The videos of a task: prepared frames that a backbone turns into features, or features.
package enum TemporalSource: Sendable {
    /// Frames at the recipe's rate.
    case frames(PreparedFrames)
    /// One vector a position, computed elsewhere.
    case features(FeatureFiles)

    /// The videos, with frames in groups of so many a position.
    func videos(framesPerPosition: Int) -> [SourceVideo] {
        switch self {
        case .features(let files): files.videos
        case .frames(let frames):
            frames.index.videos.map {
                SourceVideo(
                    id: $0.id, subset: $0.subset, duration: $0.duration, count: $0.frames,
                    clock: VideoClock(rate: frames.index.rate, group: framesPerPosition))
            }
        }
    }

    /// A video as people know it: its film, or its file of features.
    func name(of video: Int) -> String {
        switch self {
        case .features(let files): return files.path(of: video)
        case .frames(let frames):
            let video = frames.index.videos[video]
            return video.source.map { "\(video.id) in \($0)" } ?? video.id
        }
    }

    /// The annotations of the videos that are here.
    func usable(_ annotations: ActivityNetAnnotations) -> ActivityNetAnnotations {
        switch self {
        case .frames(let frames): return frames.usable(annotations)
        case .features(let files):
            let ids = Set(files.videos.map(\.id))
            return annotations.only { ids.contains($0.id) }
        }
    }

    /// The width of precomputed features.
    package var featureWidth: Int? {
        if case .features(let files) = self { files.width } else { nil }
    }
}

extension TemporalSource {
    /// The positions of a whole video without a tape, `[positions, D]`.
    ///
    /// - Parameters:
    ///   - video: Its place in ``videos(framesPerPosition:)``.
    ///   - encoder: The backbone; not used, and nil, with precomputed features.
    ///   - timer: Counts the reading of frames or features.
    ///   - report: Told of every few frames that are done.
    func positions(
        video: Int, isFlipped: Bool, encoder: FrameEncoder?, way: FinetuningWay, timer: LoadTimer,
        report: (_ frames: Int) -> Void
    ) throws -> Tensor {
        switch (self, encoder) {
        case (.features(let files), _): return try timer.measure { try files.features(video) }
        case (.frames(let frames), let encoder?):
            let count = frames.index.videos[video].frames
            return try encoder.encode(count: count, way: way, report: report) { range in
                try timer.measure {
                    try input(video: video, frames: Array(range), isFlipped: isFlipped, encoder)
                }
            }
        case (.frames, nil): preconditionFailure("frames without a backbone")
        }
    }

    /// The backbone's input for some frames of a video.
    func input(
        video: Int, frames wanted: [Int], isFlipped: Bool, _ encoder: FrameEncoder
    ) throws(InputError) -> Tensor {
        guard case .frames(let frames) = self else {
            preconditionFailure("features have no frames")
        }
        return try encoder.input(wanted) { (indices, layout) throws(InputError) in
            try frames.tensor(
                video: video, frames: indices, isFlipped: isFlipped, tables: encoder.pixelTables,
                layout: layout)
        }
    }
}
