// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Media

/// Checks videos and decodes them to the files that training reads.
struct VideoDecoding {
    private let data: TemporalRecipe.Data
    private let films: TemporalVideos
    private let threads: Int
    /// The last film, since the parts of one follow each other.
    private var last: (path: String, reader: VideoReader)?

    /// - Parameter threads: Decoding threads of a film.
    init(_ data: TemporalRecipe.Data, _ films: TemporalVideos, threads: Int) {
        self.data = data
        self.films = films
        self.threads = threads
    }

    /// What is known of a video before its frames are decoded.
    struct Checked {
        let reader: VideoReader
        let extent: VideoExtent
        /// Frames at the recipe's rate.
        let frames: Int
    }

    /// Finds and opens a video, decodes its first frame and compares its length.
    mutating func check(
        _ video: ActivityNetAnnotations.Video
    ) throws(InputError) -> Checked {
        let path = try films.path(of: video)
        let reader = try reader(path)
        let length = try reader.length()
        let extent = try VideoExtent(video, path: path, length: length)
        return Checked(
            reader: reader, extent: extent,
            frames: try TemporalVideos.frames(
                path: path, duration: extent.duration, rate: data.rate))
    }

    /// The stamp of the film and of what makes frames of it; nil where the film isn't there.
    func stamp(_ video: ActivityNetAnnotations.Video) throws(InputError) -> String? {
        guard let path = try? films.path(of: video) else { return nil }
        return try TemporalVideos.stamp(path, video, rate: data.rate, size: data.size)
    }

    /// Decodes one video to its file.
    ///
    /// - Throws: `InputError` for what is wrong with the video, `InputError` for a file that
    ///   can't be written.
    mutating func decode(
        _ video: ActivityNetAnnotations.Video, folder: String
    ) throws -> PreparedFrames.Index.Video {
        let checked = try check(video)
        // Before decoding: a film replaced meanwhile is then noticed.
        let stamp = try stamp(video)
        var warnings = 0
        var padded = 0
        try AtomicFile.write(to: PreparedFrames.framesPath(folder, video.id)) { file in
            for first in stride(from: 0, to: checked.frames, by: 64) {
                let times = (first..<min(checked.frames, first + 64)).map {
                    (video.start ?? 0) + Double($0) / data.rate
                }
                let clip = try checked.reader.frames(at: times)
                warnings += clip.warnings
                padded += clip.paddedFrames
                try file.write(contentsOf: Data(clip.pixels))
            }
            if 2 * padded > checked.frames {
                throw InputError(
                    path: checked.reader.info.path,
                    found: "\(padded) of \(checked.frames) frames missing",
                    expected: "at least half of them",
                    remedy: "fetch or copy the file again")
            }
        }
        return .init(
            id: video.id, subset: video.subset, source: video.source, start: video.start,
            duration: checked.extent.duration, frames: checked.frames,
            warnings: warnings + padded, surplus: checked.extent.surplus, stamp: stamp)
    }

    private mutating func reader(_ path: String) throws(InputError) -> VideoReader {
        if let last, last.path == path { return last.reader }
        let reader = try VideoReader(
            path: path, resize: .exact(width: data.size, height: data.size), filter: .area,
            threads: threads)
        last = (path, reader)
        return reader
    }
}
