// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation

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
        /// Could be decoded.
        case checked(frames: Int)
        /// Left out.
        case skipped(String)
    }

    /// What a worker made of a video.
    enum Work: Sendable {
        case entry(PreparedFrames.Index.Video, Outcome)
        case skipped(String)
    }

    private let recipe: TemporalRecipe
    private let films: TemporalVideos
    /// The videos that may be used.
    package let annotations: ActivityNetAnnotations
    /// What is left out before any video is opened, with reasons.
    private let leftOut: [PreparedFrames.Index.Skipped]

    /// The preparation of a recipe.
    ///
    /// - Throws: One line for annotations that can't be read.
    package init(_ recipe: TemporalRecipe) throws {
        guard recipe.data.features == nil else {
            throw InputError(
                "the recipe reads data.features, which need no preparation; train with it as it is")
        }
        self.recipe = recipe
        let films = TemporalVideos(recipe.data.videos)
        self.films = films
        let reading = try RecipeAnnotations(recipe.data)
        var missing: [PreparedFrames.Index.Skipped] = []
        annotations = try reading.read { id, source in
            do throws(InputError) {
                return try films.duration(of: id, source: source)
            } catch {
                missing.append(.init(id: id, reason: error.description))
                return nil
            }
        }
        leftOut = reading.excluded.map { .init(id: $0.id, reason: $0.reason) } + missing
    }

    /// Decodes what isn't there yet and writes the index.
    ///
    /// - Parameters:
    ///   - workers: Videos decoded at a time; the frames do not depend on it.
    ///   - warn: Told, a line each, what else the user should know.
    ///   - report: Told of every video as it is done.
    @discardableResult
    package func run(
        workers: Int = 1, warn: (String) -> Void = { _ in },
        report: (_ done: Int, _ total: Int, _ id: String, Outcome) -> Void
    ) throws -> PreparedFrames {
        let data = recipe.data
        let folder = data.prepared
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/frames", withIntermediateDirectories: true)
        } catch {
            throw InputError("\(folder): can't create the folder; choose another data.prepared")
        }
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        let known = Dictionary(
            PreparedFrames.known(folder: folder, rate: data.rate, size: data.size).map {
                ($0.id, $0)
            }, uniquingKeysWith: { $1 })
        if known.values.contains(where: { $0.stamp == nil }) {
            warn(
                "\(folder): prepared before films were stamped, so which films its frames are of "
                    + "is unknown: they are decoded again")
        }
        let videos = annotations.videos
        var index = IndexDraft(data, leftOut: leftOut, count: videos.count)
        var saved = ContinuousClock.now
        try work(workers, report) { decoding, number in
            let video = videos[number]
            if var entry = known[video.id],
                try Self.isSame(entry, video, stamp: decoding.stamp(video))
            {
                entry.subset = video.subset
                return .entry(entry, .present)
            }
            let entry = try decoding.decode(video, folder: folder)
            return .entry(entry, .decoded(frames: entry.frames, warnings: entry.warnings))
        } each: { number, work in
            index.set(number, work.result(id: videos[number].id))
            if saved.duration(to: .now) > .seconds(5) {
                try Self.write(index.value, to: PreparedFrames.journalPath(folder))
                saved = .now
            }
        }
        let whole = index.value
        guard !whole.videos.isEmpty else {
            let first = whole.skipped.first?.reason ?? "the annotation names no video"
            throw InputError("no video could be prepared: \(first)")
        }
        try write(whole, folder: folder)
        return try PreparedFrames(folder: folder, rate: data.rate, size: data.size)
    }

    /// Opens every video, decodes its first frame and compares its length; writes nothing.
    ///
    /// - Returns: What ``run(workers:warn:report:)`` would have in its index.
    package func check(
        workers: Int = 1, report: (_ done: Int, _ total: Int, _ id: String, Outcome) -> Void
    ) throws -> PreparedFrames.Index {
        let videos = annotations.videos
        var index = IndexDraft(recipe.data, leftOut: leftOut, count: videos.count)
        try work(workers, report) { decoding, number in
            let video = videos[number], checked = try decoding.check(videos[number])
            return .entry(
                .init(
                    id: video.id, subset: video.subset, source: video.source, start: video.start,
                    duration: checked.extent.duration, frames: checked.frames, warnings: 0,
                    surplus: checked.extent.surplus), .checked(frames: checked.frames))
        } each: { number, work in
            index.set(number, work.result(id: videos[number].id))
        }
        return index.value
    }

    /// Does something with every video on several threads and tells of it.
    private func work(
        _ workers: Int, _ report: (Int, Int, String, Outcome) -> Void,
        _ body: @escaping @Sendable (inout VideoDecoding, Int) throws -> Work,
        each: (Int, Work) throws -> Void
    ) throws {
        let data = recipe.data, videos = annotations.videos, films = films
        var done = 0
        let total = videos.count + leftOut.count
        for video in leftOut {
            done += 1
            report(done, total, video.id, .skipped(video.reason))
        }
        try PreparationJobs<Work>.run(count: videos.count, workers: workers) {
            var decoding = VideoDecoding(data, films, threads: workers > 1 ? 1 : 2)
            return { number in
                do {
                    return try body(&decoding, number)
                } catch let error as InputError where !error.isStorage {
                    // Only what is wrong with the video: a full disk ends the preparation.
                    return .skipped(error.description)
                }
            }
        } each: { number, work in
            done += 1
            let outcome: Outcome =
                switch work {
                case .entry(_, let outcome): outcome
                case .skipped(let reason): .skipped(reason)
                }
            report(done, total, videos[number].id, outcome)
            try each(number, work)
        }
    }

    /// Whether a prepared video is the one that the annotation means, of the film that is there
    /// now; where the film is gone, of that of the same name.
    private static func isSame(
        _ entry: PreparedFrames.Index.Video, _ video: ActivityNetAnnotations.Video, stamp: String?
    ) -> Bool {
        if let stamp { return entry.stamp == stamp }
        return abs(entry.duration - (video.duration ?? entry.duration)) < 1e-6
            && entry.source == video.source && entry.start == video.start
    }

    /// Writes what the folder tells about itself, the index last.
    private func write(_ index: PreparedFrames.Index, folder: String) throws {
        let ids = Set(index.videos.map(\.id))
        let usable = annotations.only { ids.contains($0.id) }
        try AtomicFile.write(usable.encoded(), to: folder + "/annotations.json")
        let blocked = Dictionary(
            index.skipped.map { ($0.id, $0.reason) }, uniquingKeysWith: { first, _ in first })
        try Self.write(blocked, to: folder + "/blocked.json")
        try Self.write(index, to: PreparedFrames.indexPath(folder))
        try? FileManager.default.removeItem(atPath: PreparedFrames.journalPath(folder))
    }

    private static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(value), to: path)
    }
}
