// SPDX-License-Identifier: Apache-2.0
import Files
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
