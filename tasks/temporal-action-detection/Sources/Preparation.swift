// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Media

/// Decodes every video of a recipe's data once, at the training rate and size.
///
/// Resumable: a video whose file is whole is not decoded again. A video that is missing or can't
/// be decoded is left out with its reason; training goes on without it.
package struct Preparation {
    /// What happened to one video.
    package enum Outcome: Sendable {
        /// Decoded now.
        case decoded(frames: Int, warnings: Int)
        /// Was there already.
        case present
        /// Left out.
        case skipped(String)
    }

    private let recipe: TemporalRecipe
    private let annotations: ActivityNetAnnotations

    /// The preparation of a recipe.
    package init(_ recipe: TemporalRecipe) throws {
        guard recipe.data.features == nil else {
            throw TemporalError(
                "the recipe reads data.features, which need no preparation; train with it as it is")
        }
        self.recipe = recipe
        var options = AnnotationOptions()
        options.keepGoing = recipe.data.keepGoing
        annotations = try ActivityNetAnnotations.read(recipe.data.annotations, options: options)
    }

    /// Decodes what isn't there yet and writes the index.
    ///
    /// - Parameter report: Told of every video.
    @discardableResult
    package func run(
        report: (_ done: Int, _ total: Int, _ id: String, Outcome) -> Void
    ) throws -> PreparedFrames {
        let data = recipe.data
        let folder = data.prepared
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/frames", withIntermediateDirectories: true)
        } catch {
            throw TemporalError("\(folder): can't create the folder; choose another data.prepared")
        }
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        var known: [String: PreparedFrames.Index.Video] = [:]
        for video in PreparedFrames.known(folder: folder, rate: data.rate, size: data.size) {
            known[video.id] = video
        }
        var index = PreparedFrames.Index(rate: data.rate, size: data.size, videos: [], skipped: [])
        var readers: [String: VideoReader] = [:]
        var saved = ContinuousClock.now
        for (number, video) in annotations.videos.enumerated() {
            let done = number + 1, total = annotations.videos.count
            if var entry = known[video.id], isSame(entry, video) {
                entry.subset = video.subset
                index.videos.append(entry)
                report(done, total, video.id, .present)
                continue
            }
            do {
                let entry = try decode(video, folder: folder, readers: &readers)
                index.videos.append(entry)
                let outcome = Outcome.decoded(frames: entry.frames, warnings: entry.warnings)
                report(done, total, video.id, outcome)
            } catch let error as TemporalError {
                // Only what is wrong with the video: a full disk ends the preparation.
                index.skipped.append(.init(id: video.id, reason: error.description))
                report(done, total, video.id, .skipped(error.description))
            }
            if saved.duration(to: .now) > .seconds(5) {
                try write(index, to: PreparedFrames.journalPath(folder))
                saved = .now
            }
        }
        guard !index.videos.isEmpty else {
            let first = index.skipped.first?.reason ?? "the annotation names no video"
            throw TemporalError("no video could be prepared: \(first)")
        }
        try write(index, to: PreparedFrames.indexPath(folder))
        try? FileManager.default.removeItem(atPath: PreparedFrames.journalPath(folder))
        return try PreparedFrames(folder: folder, rate: data.rate, size: data.size)
    }

    /// Whether a prepared video is the one that the annotation means.
    private func isSame(
        _ entry: PreparedFrames.Index.Video, _ video: ActivityNetAnnotations.Video
    ) -> Bool {
        abs(entry.duration - (video.duration ?? entry.duration)) < 1e-6
            && entry.source == video.source && entry.start == video.start
    }

    private func write(_ index: PreparedFrames.Index, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(index), to: path)
    }

    /// Decodes one video to its file.
    ///
    /// - Throws: `TemporalError` for what is wrong with the video, `CheckpointError` for a file that
    ///   can't be written.
    private func decode(
        _ video: ActivityNetAnnotations.Video, folder: String, readers: inout [String: VideoReader]
    ) throws -> PreparedFrames.Index.Video {
        let path = try TemporalVideos.path(of: video, in: recipe.data.videos)
        let reader = try reader(path, among: &readers)
        let start = video.start ?? 0
        let length = reader.info.duration.map { $0 - start }
        let duration = video.duration ?? length ?? 0
        if let length, duration > length + 1 {
            throw TemporalError(
                "\(path): \(length) s from \(start) s on, the annotation says \(duration) s; "
                    + "correct the duration or the file")
        }
        let frames = try TemporalVideos.frames(
            path: path, duration: duration, rate: recipe.data.rate)
        var warnings = 0
        var fault: MediaError?
        do {
            try AtomicFile.write(to: PreparedFrames.framesPath(folder, video.id)) { file in
                for first in stride(from: 0, to: frames, by: 64) {
                    let times = (first..<min(frames, first + 64)).map {
                        start + Double($0) / recipe.data.rate
                    }
                    let clip: Clip
                    do throws(MediaError) {
                        clip = try reader.frames(at: times)
                    } catch {
                        fault = error
                        throw error
                    }
                    warnings += clip.warnings + clip.paddedFrames
                    try file.write(contentsOf: Data(clip.pixels))
                }
            }
        } catch {
            if let fault { throw TemporalError("\(fault)") }
            throw error
        }
        return .init(
            id: video.id, subset: video.subset, source: video.source, start: video.start,
            duration: duration, frames: frames, warnings: warnings)
    }

    /// The reader of a file; the last one is kept, since the parts of a film follow each other.
    private func reader(
        _ path: String, among readers: inout [String: VideoReader]
    ) throws(TemporalError) -> VideoReader {
        if let reader = readers[path] { return reader }
        let size = recipe.data.size
        do {
            let reader = try VideoReader(
                path: path, resize: .exact(width: size, height: size), filter: .area, threads: 2)
            readers = [path: reader]
            return reader
        } catch {
            throw TemporalError("\(error)")
        }
    }
}

/// Finding the file of a video.
package enum TemporalVideos {
    static let extensions = ["mp4", "mkv", "webm", "avi", "mov", "m4v", "mpg", "ts"]

    /// The file: the annotation's source, else the id with a usual extension, with or without
    /// ActivityNet's `v_`.
    static func path(
        of video: ActivityNetAnnotations.Video, in folder: String
    ) throws(TemporalError) -> String {
        let names =
            video.source.map { [$0] }
            ?? extensions.flatMap { ["\(video.id).\($0)", "v_\(video.id).\($0)"] } + [video.id]
        for name in names {
            let path = "\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw TemporalError(
            "video \(video.id): no file \(names[0])\(names.count > 1 ? " or the like" : "") in "
                + "\(folder); put it there or correct data.videos")
    }

    /// The frames of a video at a rate, the first at 0 s.
    ///
    /// - Throws: one line for a length that no real video has.
    static func frames(
        path: String, duration: Double, rate: Double
    ) throws(TemporalError) -> Int {
        guard duration * rate <= 1e8 else {
            throw TemporalError(
                "\(path): \(duration) s at \(rate) frames a second; expected at most 100 million "
                    + "frames; correct the duration or remux the file")
        }
        return max(1, Int((duration * rate - 1e-6).rounded(.up)))
    }
}
