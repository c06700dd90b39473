// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Media
import Reversible
import Tensors
import Training

/// Writes the features of a recipe's videos as `.npy` files, with its pretrained backbone.
///
/// Resumable: a video whose file is whole is passed over. A video that is missing or can't be
/// decoded is left out with its reason.
package struct FeatureExtraction {
    /// What was done.
    package struct Summary: Codable, Sendable, Equatable {
        /// The folder of the files.
        package var folder: String
        /// Files written now.
        package var written: Int
        /// Files that were there already.
        package var present: Int
        /// Channels of a vector.
        package var width: Int
        /// Frames a second: the key `data.framesPerSecond` of a recipe that reads the files.
        package var framesPerSecond: Double
        /// Frames from one vector to the next: its key `data.featureStride`.
        package var featureStride: Int
        /// Its key `data.featureOffset`.
        package var featureOffset: Double
        /// Videos left out, with their reasons.
        package var skipped: [String]
    }

    private let recipe: TemporalRecipe
    private let folder: String
    private let encoder: FrameEncoder
    private let annotations: ActivityNetAnnotations
    private let films: TemporalVideos
    /// Videos whose length can't be known, with reasons.
    private let unmeasured: [String]
    /// The network and its weights, for people, and all that tells them from others.
    private let backbone: (name: String, settings: [String])

    /// The extraction of a recipe's features into a folder.
    ///
    /// - Throws: Where the recipe has no backbone, or the folder can't be made.
    package init(_ recipe: TemporalRecipe, folder: String) throws {
        guard let backbone = recipe.backbone else {
            throw InputError(
                "the recipe reads data.features; extraction makes them: give data.videos and a "
                    + "backbone")
        }
        let key = RandomKey(seed: recipe.training.seed).child("backbone")
        try self.init(
            recipe, folder: folder,
            encoder: FrameEncoder(
                backbone, framesPerPosition: recipe.data.framesPerPosition, key: key))
    }

    /// The extraction of an encoder's features.
    package init(_ recipe: TemporalRecipe, folder: String, encoder: FrameEncoder) throws {
        self.recipe = recipe
        self.folder = folder
        self.encoder = encoder
        backbone = try FeatureExtraction.backbone(recipe)
        let films = TemporalVideos(recipe.data.videos)
        self.films = films
        var unmeasured: [String] = []
        annotations = try RecipeAnnotations(recipe.data).read { id, source in
            do throws(InputError) { return try films.duration(of: id, source: source) } catch {
                unmeasured.append(error.description)
                return nil
            }
        }
        self.unmeasured = unmeasured
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw InputError("\(folder): can't create the folder; choose another one")
        }
    }

    /// What the user should know about the pretrained weights, a line each.
    package var notes: [String] {
        encoder.network.family == nil ? [RunDescription.randomWeights] : encoder.network.notes
    }

    /// Writes what isn't there yet.
    ///
    /// - Parameters:
    ///   - report: Told of every video.
    ///   - frames: Told how many frames of a video are done.
    package func run(
        report: (_ done: Int, _ total: Int, _ line: String) -> Void,
        frames: (_ id: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws -> Summary {
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        let group = encoder.framesPerPosition
        var summary = Summary(
            folder: folder, written: 0, present: 0, width: encoder.width,
            framesPerSecond: recipe.data.rate, featureStride: group,
            featureOffset: Double(group - 1) / Double(2 * group), skipped: unmeasured)
        for (index, video) in annotations.videos.enumerated() {
            let done = index + 1, total = annotations.videos.count
            func skip(_ reason: String) {
                summary.skipped.append(reason)
                report(done, total, "\(video.id): left out: \(reason)")
            }
            do {
                let film = try films.path(of: video)
                let features = try self.features(video, film)
                let count = encoder.positions(features.frames)
                let path = "\(folder)/\(PreparedFrames.fileName(video.id)).npy"
                let origin = FeatureOrigin(
                    framesPerSecond: summary.framesPerSecond, featureStride: Double(group),
                    featureOffset: summary.featureOffset, vectors: count,
                    duration: features.duration, backbone: backbone.name,
                    source: try stamp(video, film))
                if isWhole(path, origin) {
                    summary.present += 1
                    report(done, total, "\(video.id): already there")
                    continue
                }
                var warnings: [String] = []
                let tensor = try features.positions(
                    encoder, way: .frozen, report: { frames(video.id, $0, $1) },
                    warn: { warnings.append($0) })
                // Without the old word about them, features are never taken for what it said.
                try? FileManager.default.removeItem(atPath: FeatureOrigin.path(beside: path))
                try Npy.write(tensor, to: path)
                try origin.write(beside: path)
                summary.written += 1
                let warned = warnings.map { "; " + $0 }.joined()
                report(done, total, "\(video.id): \(count) vectors\(warned)")
            } catch let error as InputError where !error.isStorage {
                skip(error.description)
            }
        }
        guard summary.written + summary.present > 0 else {
            let first = summary.skipped.first ?? "the annotation names no video"
            throw InputError("no features could be extracted: \(first)")
        }
        return summary
    }

    private func features(
        _ video: ActivityNetAnnotations.Video, _ film: String
    ) throws -> VideoFeatures {
        let extent = try VideoExtent(video, path: film, length: TemporalVideos.length(film))
        return try VideoFeatures(
            path: film, start: video.start ?? 0, duration: extent.duration,
            rate: recipe.data.rate, size: recipe.data.size)
    }

    /// What tells the features of a video from others: its film and all settings.
    private func stamp(
        _ video: ActivityNetAnnotations.Video, _ film: String
    ) throws(InputError) -> String {
        try TemporalVideos.stamp(
            film, video, rate: recipe.data.rate, size: recipe.data.size,
            settings: backbone.settings)
    }

    /// Whether the file holds what extraction would write now.
    private func isWhole(_ path: String, _ origin: FeatureOrigin) -> Bool {
        (try? FeatureOrigin.read(beside: path)) == origin
            && (try? Npy.shape(path)) == [origin.vectors, encoder.width]
    }

    private static func backbone(
        _ recipe: TemporalRecipe
    ) throws -> (name: String, settings: [String]) {
        guard let backbone = recipe.backbone else {
            throw InputError("the recipe has no backbone; extraction needs one")
        }
        var name = backbone.network.name
        var settings = [
            name, backbone.pooling.rawValue, "\(backbone.clipFrames)",
            "\(recipe.data.framesPerPosition)",
        ]
        if let weights = backbone.network.weights {
            name += ", \(URL(filePath: weights).lastPathComponent)"
            settings.append(try SourceStamp.of([weights]))
        } else {
            name += ", random weights of seed \(recipe.training.seed)"
            settings.append("seed \(recipe.training.seed)")
        }
        return (name, settings)
    }
}
