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
        let before = try? PreparedFrames(folder: folder, rate: data.rate, size: data.size).index
        var index = PreparedFrames.Index(rate: data.rate, size: data.size, videos: [], skipped: [])
        var readers: [String: VideoReader] = [:]
        for (number, video) in annotations.videos.enumerated() {
            let done = number + 1, total = annotations.videos.count
            if let known = before?.videos.first(where: { $0.id == video.id }),
                abs(known.duration - (video.duration ?? known.duration)) < 1e-6
            {
                index.videos.append(known)
                report(done, total, video.id, .present)
                continue
            }
            do throws(TemporalError) {
                let entry = try decode(video, folder: folder, readers: &readers)
                index.videos.append(entry)
                let outcome = Outcome.decoded(frames: entry.frames, warnings: entry.warnings)
                report(done, total, video.id, outcome)
            } catch {
                index.skipped.append(.init(id: video.id, reason: error.description))
                report(done, total, video.id, .skipped(error.description))
            }
        }
        guard !index.videos.isEmpty else {
            let first = index.skipped.first?.reason ?? "the annotation names no video"
            throw TemporalError("no video could be prepared: \(first)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(index), to: PreparedFrames.indexPath(folder))
        return try PreparedFrames(folder: folder, rate: data.rate, size: data.size)
    }

    private func decode(
        _ video: ActivityNetAnnotations.Video, folder: String, readers: inout [String: VideoReader]
    ) throws(TemporalError) -> PreparedFrames.Index.Video {
        let path = try TemporalVideos.path(of: video, in: recipe.data.videos)
        do {
            if readers[path] == nil {
                readers = [
                    path: try VideoReader(
                        path: path,
                        resize: .exact(width: recipe.data.size, height: recipe.data.size),
                        filter: .area, threads: 2)
                ]
            }
            guard let reader = readers[path] else { throw TemporalError("\(path): not opened") }
            let start = video.start ?? 0
            let length = reader.info.duration.map { $0 - start }
            let duration = video.duration ?? length ?? 0
            if let length, duration > length + 1 {
                throw TemporalError(
                    "\(path): \(length) s from \(start) s on, the annotation says \(duration) s; "
                        + "correct the duration or the file")
            }
            let frames = max(1, Int((duration * recipe.data.rate - 1e-6).rounded(.up)))
            var warnings = 0
            try AtomicFile.write(to: PreparedFrames.framesPath(folder, video.id)) { file in
                for first in stride(from: 0, to: frames, by: 64) {
                    let times = (first..<min(frames, first + 64)).map {
                        start + Double($0) / recipe.data.rate
                    }
                    let clip = try reader.frames(at: times)
                    warnings += clip.warnings + clip.paddedFrames
                    try file.write(contentsOf: Data(clip.pixels))
                }
            }
            return .init(
                id: video.id, subset: video.subset, duration: duration, frames: frames,
                warnings: warnings)
        } catch let error as TemporalError {
            throw error
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
}
