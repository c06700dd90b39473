// SPDX-License-Identifier: Apache-2.0
import Backbones
import Foundation
import Layers
import Media
import Tensors
import Training

/// Detections of a trained run in any video.
package struct TemporalPredictor {
    private let detector: TemporalDetector
    private let recipe: TemporalRecipe
    private let inference: TemporalInference
    private let step: Int

    /// The network of the checkpoint that a run predicts with, at the coefficients that were in force.
    package init(run folder: String, dataFolder: String, warn: (String) -> Void) throws {
        let description = try RunDescription.read(folder, task: "tad")
        var recipe = try TemporalRecipe(
            RecipeDocument(path: folder + "/recipe.yaml"), dataFolder: dataFolder)
        guard let checkpoint = try description.checkpoint(of: folder, warn: warn) else {
            throw TemporalError("\(folder): no checkpoint yet; train first, or wait for one")
        }
        recipe.setSampleCount(checkpoint.sampleCount)
        self.recipe = recipe
        detector = try TemporalDetector(recipe, labels: description.labels, loadsWeights: false)
        try checkpoint.load(into: detector.namedParameters, evaluated: true)
        if let rule = description.positionRule { detector.backbone.positionRule = rule }
        inference = TemporalInference(detector, recipe)
        step = max(0, checkpoint.step - recipe.training.backboneStart - 1)
    }

    /// The detections of one video; memory beside one vector a frame doesn't grow with it.
    ///
    /// Frames are decoded ahead on a thread of their own while the network runs.
    ///
    /// - Parameters:
    ///   - report: Told how many frames are done.
    ///   - warn: Told of damaged or missing frames.
    package func detections(
        in path: String, report: (_ done: Int, _ total: Int) -> Void, warn: (String) -> Void
    ) throws -> ActivityNetResults.Video {
        let size = recipe.data.size, rate = recipe.data.rate
        guard let duration = try VideoInfo.probe(path).duration, duration > 0 else {
            throw TemporalError(
                "\(path): its length is unknown; remux it, for example to mp4, and try again")
        }
        let frames = try TemporalVideos.frames(path: path, duration: duration, rate: rate)
        let requests = TemporalDetector.inferenceRanges(frames).map {
            ClipRequest(
                path: path, start: Double($0.lowerBound) / rate, frameCount: $0.count, rate: rate)
        }
        let loader = ClipLoader(
            requests, resize: .exact(width: size, height: size), filter: .area, capacity: 4)
        var damaged = 0
        let features = try detector.inferFeatures(
            count: frames, way: recipe.finetuning.evaluation(step: step)
        ) { range in
            guard let clip = try loader.next() else {
                throw TemporalError("\(path): decoding ended before frame \(range.upperBound)")
            }
            damaged += clip.warnings + clip.paddedFrames
            report(range.upperBound, frames)
            return clip.tensor(layout: .framesFirst, tables: detector.pixelTables)
        }
        if damaged > 0 { warn("\(path): \(damaged) damaged or missing frames") }
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return .init(
            id: name, detections: inference.detections(features: features, duration: duration))
    }
}
