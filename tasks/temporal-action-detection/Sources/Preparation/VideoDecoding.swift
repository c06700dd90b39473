// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Media

/// Checks videos and decodes them to the files that training reads.
struct VideoDecoding {
    /// Seconds, or part of its length, by which a video may differ from its annotation.
    private static let tolerance = (seconds: 1.0, part: 0.02)

    private let data: TemporalRecipe.Data
    private let threads: Int
    /// The last film, since the parts of one follow each other.
    private var last: (path: String, reader: VideoReader)?

    /// - Parameter threads: Decoding threads of a film.
    init(_ data: TemporalRecipe.Data, threads: Int) {
        self.data = data
        self.threads = threads
    }

    /// What is known of a video before its frames are decoded.
    struct Checked {
        let reader: VideoReader
        /// Seconds.
        let duration: Double
        /// Seconds by which the file is longer than annotated, where that is much.
        let surplus: Double?
        /// Frames at the recipe's rate.
        let frames: Int
    }

    /// Finds and opens a video, decodes its first frame and compares its length.
    mutating func check(
        _ video: ActivityNetAnnotations.Video
    ) throws(TemporalError) -> Checked {
        let path = try TemporalVideos.path(of: video, in: data.videos)
        let reader = try reader(path)
        let start = video.start ?? 0
        let length = reader.info.duration.map { $0 - start }
        guard let duration = video.duration ?? length, duration > 0 else {
            throw TemporalError(
                "\(path): neither the file nor the annotation says how long it is; remux the file")
        }
        let allowed = max(Self.tolerance.seconds, Self.tolerance.part * duration)
        if let length, duration > length + allowed {
            throw TemporalError(
                "\(path): \(Self.text(length)) s from \(Self.text(start)) s on, the annotation "
                    + "says \(Self.text(duration)) s; correct the duration or the file")
        }
        let surplus = length.map { $0 - duration }.flatMap {
            video.end == nil && $0 > allowed ? $0 : nil
        }
        return Checked(
            reader: reader, duration: duration, surplus: surplus,
            frames: try TemporalVideos.frames(path: path, duration: duration, rate: data.rate))
    }

    /// Decodes one video to its file.
    ///
    /// - Throws: `TemporalError` for what is wrong with the video, `CheckpointError` for a file that
    ///   can't be written.
    mutating func decode(
        _ video: ActivityNetAnnotations.Video, folder: String
    ) throws -> PreparedFrames.Index.Video {
        let checked = try check(video)
        var warnings = 0
        var padded = 0
        var fault: MediaError?
        do {
            try AtomicFile.write(to: PreparedFrames.framesPath(folder, video.id)) { file in
                for first in stride(from: 0, to: checked.frames, by: 64) {
                    let times = (first..<min(checked.frames, first + 64)).map {
                        (video.start ?? 0) + Double($0) / data.rate
                    }
                    let clip: Clip
                    do throws(MediaError) {
                        clip = try checked.reader.frames(at: times)
                    } catch {
                        fault = error
                        throw error
                    }
                    warnings += clip.warnings
                    padded += clip.paddedFrames
                    try file.write(contentsOf: Data(clip.pixels))
                }
                if 2 * padded > checked.frames {
                    fault = MediaError(
                        path: checked.reader.info.path,
                        found: "\(padded) of \(checked.frames) frames missing",
                        expected: "at least half of them",
                        remedy: "fetch or copy the file again")
                }
                if let fault { throw fault }
            }
        } catch {
            if let fault { throw TemporalError("\(fault)") }
            throw error
        }
        return .init(
            id: video.id, subset: video.subset, source: video.source, start: video.start,
            duration: checked.duration, frames: checked.frames, warnings: warnings + padded,
            surplus: checked.surplus)
    }

    private mutating func reader(_ path: String) throws(TemporalError) -> VideoReader {
        if let last, last.path == path { return last.reader }
        do {
            let reader = try VideoReader(
                path: path, resize: .exact(width: data.size, height: data.size), filter: .area,
                threads: threads)
            last = (path, reader)
            return reader
        } catch {
            throw TemporalError("\(error)")
        }
    }

    /// Seconds to a hundredth.
    private static func text(_ seconds: Double) -> String {
        ActivityNetJSON.text((seconds * 100).rounded() / 100)
    }
}
