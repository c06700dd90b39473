// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Files
import Foundation
package import Preparation
import Reversible
import Tensors
import Training

/// Writes the features of a recipe's videos as `.npy` files, with its pretrained backbone.
///
/// Resumable: a video whose file is whole is passed over. A video that is missing or can't be
/// decoded is left out with its reason, or refused.
package struct FeatureExtraction {
    private let recipe: TemporalRecipe
    private let folder: String
    private let encoder: FrameEncoder
    private let annotations: ActivityNetAnnotations
    private let films: TemporalVideos
    private let loop: PreparationLoop
    /// The network and its weights, for people, and all that tells them from others.
    private let backbone: (name: String, settings: [String])

    /// The extraction of a recipe's features into a folder.
    ///
    /// - Throws: Where the recipe has no backbone.
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
                backbone, framesPerPosition: recipe.data.framesPerPosition, key: key),
            keepGoing: recipe.data.keepGoing)
    }

    /// The extraction of an encoder's features.
    ///
    /// - Parameter keepGoing: Whether videos that can't be used are left out instead of refused.
    package init(
        _ recipe: TemporalRecipe, folder: String, encoder: FrameEncoder, keepGoing: Bool = true
    ) throws {
        self.recipe = recipe
        self.folder = folder
        self.encoder = encoder
        backbone = try FeatureExtraction.backbone(recipe)
        let films = TemporalVideos(recipe.data.videos)
        self.films = films
        var unmeasured: [SkippedInput] = []
        annotations = try RecipeAnnotations(recipe.data).read { id, source in
            do throws(InputError) { return try films.duration(of: id, source: source) } catch {
                unmeasured.append(SkippedInput(id: id, reason: error.description))
                return nil
            }
        }
        loop = PreparationLoop(
            "video", inputs: annotations.videos.map(\.id), faulty: unmeasured,
            keepGoing: keepGoing)
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
        report: PreparationLoop.Report = { _ in },
        frames: (_ id: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws -> FeatureSummary {
        let summary = FeatureSummary(
            folder: folder, width: encoder.width, framesPerSecond: recipe.data.rate,
            featureStride: encoder.framesPerPosition)
        return try PreparedFiles.locked(folder, remedy: "choose another one") {
            let products = try loop.runInOrder(report: report) { number, notes in
                try extract(annotations.videos[number], summary, &notes, frames)
            }
            try loop.check(products)
            return summary
        }
    }

    private func extract(
        _ video: ActivityNetAnnotations.Video, _ summary: FeatureSummary, _ notes: inout [String],
        _ frames: (_ id: String, _ done: Int, _ total: Int) -> Void
    ) throws -> PreparationLoop.Product<String> {
        let film = try films.path(of: video)
        let features = try self.features(video, film)
        let count = encoder.positions(features.frames)
        let path = "\(folder)/\(PreparedFrames.fileName(video.id)).npy"
        let origin = FeatureOrigin(
            framesPerSecond: summary.framesPerSecond, featureStride: Double(summary.featureStride),
            featureOffset: summary.featureOffset, vectors: count, duration: features.duration,
            backbone: backbone.name,
            source: try TemporalVideos.stamp(
                film, video, rate: recipe.data.rate, size: recipe.data.size,
                settings: backbone.settings))
        if isWhole(path, origin) { return .init(path, .known) }
        let tensor = try features.positions(
            encoder, .inference.running(.frozen), report: { frames(video.id, $0, $1) },
            warn: { notes.append($0) })
        // Without the old word about them, features are never taken for what it said.
        try? FileManager.default.removeItem(atPath: FeatureOrigin.path(beside: path))
        try Npy.write(tensor, to: path)
        try origin.write(beside: path)
        return .init(path, .written("\(count) vectors"))
    }

    private func features(
        _ video: ActivityNetAnnotations.Video, _ film: String
    ) throws -> VideoFeatures {
        let extent = try VideoExtent(video, path: film, length: TemporalVideos.length(film))
        return try VideoFeatures(
            path: film, start: video.start ?? 0, duration: extent.duration,
            rate: recipe.data.rate, size: recipe.data.size)
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

/// What features are, beside what every preparation says.
package struct FeatureSummary: PreparationDetails {
    /// The folder of the files.
    package let folder: String
    /// Channels of a vector.
    package let width: Int
    /// Frames a second: the key `data.framesPerSecond` of a recipe that reads the files.
    package let framesPerSecond: Double
    /// Frames from one vector to the next: the key `data.featureStride` of a recipe.
    package let featureStride: Int
    /// The key `data.featureOffset` of a recipe.
    package let featureOffset: Double

    init(folder: String, width: Int, framesPerSecond: Double, featureStride: Int) {
        self.folder = folder
        self.width = width
        self.framesPerSecond = framesPerSecond
        self.featureStride = featureStride
        featureOffset = Double(featureStride - 1) / Double(2 * featureStride)
    }

    /// What there is now.
    package var heading: String { "features of \(width) channels in \(folder)" }
    /// Tables and remarks.
    package var lines: [String] {
        [
            "read them with data.features: \(folder); their rate "
                + "(\(TemporalRecipe.short(framesPerSecond)) frames a second, stride "
                + "\(featureStride)) lies beside them"
        ]
    }
}
