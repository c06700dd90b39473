// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
package import CommandLineSupport
import Console
import Files
import Foundation
import Layers
import Media
import Reversible
import Tensors
import Training

/// Detections of a trained run in any video, or in the precomputed features of one.
package struct TemporalPredictor {
    private let detector: TemporalDetector
    private let recipe: TemporalRecipe
    private let inference: TemporalInference
    private let context: Context
    private let ids: VideoIDs

    /// The network of the checkpoint that a run predicts with, at the coefficients that were in force.
    ///
    /// - Parameter overrides: `postProcessing.KEY=VALUE` in place of the recipe's.
    package init(
        run folder: String, overrides: [String] = [], dataFolder: String, warn: (String) -> Void
    ) throws {
        let run = try TrainedRun<TemporalRecipe>(
            folder, overrides: overrides, dataFolder: dataFolder, warn: warn)
        recipe = run.recipe
        guard recipe.backbone != nil || run.description.featureWidth ?? 0 > 0 else {
            throw InputError(
                "\(folder)/model.json: no width of features; expected the folder of a run that "
                    + "was trained on data.features")
        }
        ids = VideoIDs(recipe.data)
        detector = try TemporalDetector(
            recipe, labels: run.description.labels, featureWidth: run.description.featureWidth,
            loadsWeights: false)
        try run.load(into: detector, backbone: detector.encoder?.network.backbone)
        inference = try TemporalInference(detector, recipe)
        context = .inference.running(run.way)
    }

    /// The detections of one video, in memory that does not depend on how long it is.
    ///
    /// Frames are decoded ahead on a thread of their own while the network runs. Runs that were
    /// trained on precomputed features take `.npy` files of them.
    ///
    /// - Parameters:
    ///   - report: Told how many frames are done.
    ///   - warn: Told of damaged or missing frames.
    package func detections(
        in path: String, report: (_ done: Int, _ total: Int) -> Void, warn: (String) -> Void
    ) throws -> ActivityNetResults.Video {
        let id = id(of: path)
        if let features = recipe.data.features {
            return .init(id: id, detections: try detections(features, path, video: id))
        }
        guard let encoder = detector.encoder else { preconditionFailure("no backbone") }
        let video = try VideoFeatures(
            path: path, rate: recipe.data.rate, size: recipe.data.size)
        var stream = inference.stream(
            positions: encoder.positions(video.frames),
            clock: VideoClock(rate: recipe.data.rate, group: encoder.framesPerPosition),
            duration: video.duration, video: id)
        try video.forEachPositions(
            encoder, context, report: report, warn: warn
        ) { stream.append($0) }
        let (detections, uncertainBelow) = try stream.finish()
        if let uncertainBelow {
            warn(
                "\(path): more candidates than are kept; detections below a score of "
                    + "\(NumberText.short(uncertainBelow)) may lack some")
        }
        return .init(id: id, detections: detections)
    }

    /// Which files of a folder the run predicts.
    package var inputs: InputList.Kind {
        recipe.data.features == nil
            ? InputList.Kind(
                "video",
                endings: [
                    "3g2", "3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "gif", "h264", "h265",
                    "hevc", "ivf", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg",
                    "mts", "mxf", "nut", "ogm", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv",
                    "y4m",
                ])
            : InputList.Kind("video", endings: ["npy"])
    }

    /// The id that predictions for a file go by: that of the run's annotations whose film
    /// `prepare` finds under this name, else the name without ending.
    package func id(of path: String) -> String { ids.id(of: path) }

    /// Seconds that players play before the first frame, from which detections count.
    package func lead(of path: String) -> Double {
        recipe.data.features == nil ? (try? TemporalVideos.length(path))?.lead ?? 0 : 0
    }

    private func detections(
        _ recipe: FeatureRecipe, _ path: String, video: String
    ) throws -> [ActivityNetResults.Detection] {
        let features = try FeatureFiles.read(path, width: recipe.width)
        let origin = try FeatureOrigin.read(beside: path)
        guard origin != nil || (recipe.stride != nil && recipe.rate != nil) else {
            throw InputError(
                "\(path): how long its video is can't be known; put the .features.json that dr2net "
                    + "tad extract wrote beside it, or train with data.featureStride and "
                    + "data.framesPerSecond to predict from files")
        }
        // Features of another network may well have as many channels.
        if let origin, let trained = FeatureOrigin.backbone(in: recipe.folder),
            origin.backbone != trained
        {
            throw InputError(
                "\(path): extracted with \(origin.backbone), but the run was trained on features "
                    + "of \(trained) (\(recipe.folder)); extract it with that network")
        }
        let clock: VideoClock
        do {
            clock = try recipe.clock(
                FeatureTimes(name: path, count: features.shape[0], origin: origin))
        } catch let error as FeatureTimeError {
            throw InputError(error.description)
        }
        let whole = recipe.resampled(features)
        return try inference.detections(
            features: whole, clock: clock, duration: Double(whole.shape[0]) / clock.rate,
            video: video)
    }
}
