// SPDX-License-Identifier: Apache-2.0
import Files
package import Preparation

/// Decodes every video of a recipe's data once, at the training rate and size.
///
/// Resumable: a video whose file is whole is not decoded again. A video that is missing or can't
/// be decoded is left out with its reason, or refused.
package struct TemporalPreparation {
    private let recipe: TemporalRecipe
    private let films: TemporalVideos
    /// The videos that may be used.
    package let annotations: ActivityNetAnnotations
    private let loop: PreparationLoop

    /// The preparation of a recipe.
    ///
    /// - Parameter keepGoing: Whether videos that can't be used are left out instead of refused.
    /// - Throws: One line for annotations that can't be read.
    package init(_ recipe: TemporalRecipe, keepGoing: Bool = true) throws {
        guard recipe.data.features == nil else {
            throw InputError(
                "the recipe reads data.features, which need no preparation; train with it as it is")
        }
        self.recipe = recipe
        let films = TemporalVideos(recipe.data.videos)
        self.films = films
        let reading = try RecipeAnnotations(recipe.data)
        var missing: [SkippedInput] = []
        annotations = try reading.read { id, source in
            do throws(InputError) {
                return try films.duration(of: id, source: source)
            } catch {
                missing.append(SkippedInput(id: id, reason: error.description))
                return nil
            }
        }
        loop = PreparationLoop(
            "video", inputs: annotations.videos.map(\.id),
            excluded: reading.excluded.map { SkippedInput(id: $0.id, reason: $0.reason) },
            faulty: missing, keepGoing: keepGoing)
    }

    /// Decodes what isn't there yet and writes the index.
    ///
    /// - Parameters:
    ///   - threads: Videos decoded at a time; the frames do not depend on it.
    ///   - report: Told of every video as it is done.
    ///   - warn: Told, a line each, what else the user should know.
    @discardableResult
    package func run(
        threads: Int = 1, report: PreparationLoop.Report = { _ in },
        warn: (String) -> Void = { _ in }
    ) throws -> PreparedFrames {
        let data = recipe.data, videos = annotations.videos, films = films
        let folder = PreparedFolder<PreparedFrames.Index>(data.prepared)
        return try PreparedFiles.locked(
            folder.path, parts: ["frames"], remedy: "choose another data.prepared"
        ) {
            let known = Dictionary(
                PreparedFrames.known(folder.path, rate: data.rate, size: data.size).map {
                    ($0.id, $0)
                }, uniquingKeysWith: { $1 })
            if known.values.contains(where: { $0.stamp == nil }) {
                warn(
                    "\(folder.path): prepared before films were stamped, so which films its frames "
                        + "are of is unknown: they are decoded again")
            }
            let index = try folder.prepare(loop, threads: threads) {
                var decoding = VideoDecoding(data, films, threads: threads > 1 ? 1 : 2)
                return { number, _ in
                    let video = videos[number]
                    if var entry = known[video.id],
                        try entry.isSame(video, stamp: decoding.stamp(video))
                    {
                        entry.subset = video.subset
                        return .init(entry, .known)
                    }
                    let entry = try decoding.decode(video, folder: folder.path)
                    let damage = entry.warnings > 0 ? ", \(entry.warnings) damaged or missing" : ""
                    return .init(entry, .written("\(entry.frames) frames\(damage)"))
                }
            } report: {
                report($0)
            } index: {
                draft($0)
            } finish: { index in
                try finish(index, folder: folder.path)
            }
            return try PreparedFrames(folder: folder.path, index: index).checked()
        }
    }

    /// Opens every video, decodes its first frame and compares its length; writes nothing.
    ///
    /// - Returns: What ``run(threads:report:warn:)`` would have in its index.
    package func check(
        threads: Int = 1, report: PreparationLoop.Report = { _ in }
    ) throws -> PreparedFrames.Index {
        let data = recipe.data, videos = annotations.videos, films = films
        let products = try loop.run(threads: threads) {
            var decoding = VideoDecoding(data, films, threads: threads > 1 ? 1 : 2)
            return { number, _ in
                let video = videos[number], checked = try decoding.check(video)
                return .init(
                    PreparedFrames.Index.Video(
                        id: video.id, subset: video.subset, source: video.source,
                        start: video.start, duration: checked.extent.duration,
                        frames: checked.frames, warnings: 0, surplus: checked.extent.surplus),
                    .checked("fine, \(checked.frames) frames"))
            }
        } report: {
            report($0)
        }
        try loop.check(products)
        return draft(products)
    }

    private func draft(
        _ products: PreparationLoop.Products<PreparedFrames.Index.Video>
    ) -> PreparedFrames.Index {
        PreparedFrames.Index(
            rate: recipe.data.rate, size: recipe.data.size, videos: products.items,
            skipped: products.skipped)
    }

    /// Writes what the folder tells about itself beside the index.
    private func finish(_ index: PreparedFrames.Index, folder: String) throws {
        let ids = Set(index.videos.map(\.id))
        let usable = annotations.only { ids.contains($0.id) }
        try AtomicFile.write(usable.encoded(), to: folder + "/annotations.json")
        let blocked = Dictionary(
            index.skipped.map { ($0.id, $0.reason) }, uniquingKeysWith: { first, _ in first })
        try PreparedFiles.write(blocked, to: folder + "/blocked.json")
    }
}

extension PreparedFrames.Index.Video {
    /// Whether these frames are of the video that the annotation means, of the film that is there
    /// now; where the film is gone, of that of the same name.
    fileprivate func isSame(_ video: ActivityNetAnnotations.Video, stamp: String?) -> Bool {
        if let stamp { return self.stamp == stamp }
        return abs(duration - (video.duration ?? duration)) < 1e-6
            && source == video.source && start == video.start
    }
}
