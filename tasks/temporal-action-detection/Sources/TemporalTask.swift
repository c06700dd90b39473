// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Checkpoints
import Layers
import Regions
package import Reversible
import Tensors
package import Training

/// Temporal action detection as the training loop sees it: windows, losses, evaluation.
package final class TemporalTask: FinetuningTask {
    /// A window of a training video.
    struct Window: Hashable {
        /// Position in the prepared index.
        var video: Int
        /// The first frame before jitter.
        var start: Int
    }

    /// The network.
    package let detector: TemporalDetector
    private let recipe: TemporalRecipe
    private let frames: PreparedFrames
    private let annotations: ActivityNetAnnotations
    private let windows: [Window]
    private let actions: [String: [(segment: Segment, label: Int)]]
    private let inference: TemporalInference
    private var cache = FrozenFeatures()
    private let stitching: SelfStitching
    package let loadTimer = LoadTimer()
    /// Slices of the backbone's branches, from the recipe or from its memory budget.
    package let tile: Tile?

    /// The predictions of the last evaluation, for the run folder.
    package private(set) var predictions = ActivityNetResults(version: "dr2net", videos: [])
    /// The scores of the last evaluation.
    package private(set) var evaluation: TemporalEvaluation?

    /// The task of a recipe on prepared frames.
    package init(
        _ recipe: TemporalRecipe, detector: TemporalDetector, frames: PreparedFrames,
        annotations: ActivityNetAnnotations
    ) throws {
        self.detector = detector
        self.frames = frames
        self.annotations = annotations
        let numbers = Dictionary(
            uniqueKeysWithValues: detector.labels.enumerated().map { ($0.element, $0.offset) })
        var actions: [String: [(segment: Segment, label: Int)]] = [:]
        for video in annotations.videos {
            actions[video.id] = video.annotations.compactMap { annotation in
                numbers[annotation.label].map { (annotation.segment, $0) }
            }
        }
        self.actions = actions
        let data = recipe.data
        windows = frames.index.videos.enumerated().flatMap { position, video -> [Window] in
            guard video.subset == data.trainingSubset else { return [] }
            return TemporalInference.windows(
                frames: video.frames, length: data.windowFrames, overlap: data.windowOverlap
            ).map { Window(video: position, start: $0.lowerBound) }
        }
        guard !windows.isEmpty else {
            throw TemporalError(
                "no prepared video is in subset \"\(data.trainingSubset)\"; correct "
                    + "data.trainingSubset or prepare again")
        }
        var recipe = recipe
        recipe.setSampleCount(windows.count)
        self.recipe = recipe
        inference = TemporalInference(detector, recipe)
        stitching = recipe.head.stitching(length: data.windowFrames)
        let size = data.size
        tile = try recipe.finetuning.tile(
            detector.backbone,
            inputShape: [recipe.training.batchSize * data.windowFrames, 3, size, size],
            others: [detector.head],
            keepsAverages: recipe.training.optimizer.averageDecay > 0,
            advice: "take fewer windowFrames")
    }

    package var sampleCount: Int { windows.count }
    package var parameterGroups: [ParameterGroup] { detector.parameterGroups }

    /// Steps since the backbone began to train.
    private func backboneStep(_ step: Int) -> Int { max(0, step - recipe.training.backboneStart) }

    package func coefficients(step: Int, totalSteps: Int) -> CoefficientPair? {
        recipe.finetuning.coefficients(step: backboneStep(step))
    }

    /// Losses of some windows: features (with a gradient once the backbone trains), then head.
    package func losses(samples: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        let step = backboneStep(position.step)
        let trains = position.isBackboneTrained && recipe.finetuning.way != .frozen
        if trains { cache.clear() }
        let way = recipe.finetuning.training(step: step, key: context.key)
        let drawn = samples.enumerated().map { index, sample in
            TrainingWindow(
                start: windows[sample].start,
                videoFrames: frames.index.videos[windows[sample].video].frames, data: recipe.data,
                key: context.key.child("window").child(index))
        }
        let clips =
            trains
            ? try trainedFeatures(samples, drawn, way: way, context)
            : try zip(samples, drawn).map { sample, window in
                Variable(
                    try frozenFeatures(
                        video: windows[sample].video, isFlipped: window.isFlipped, step: step
                    ).gatheringRows(window.frames.map(Int32.init)))
            }
        var inputs: [Variable] = [], targets: [[SegmentTarget]] = [], layouts: [WindowLayout] = []
        for ((clip, window), sample) in zip(zip(clips, drawn), samples) {
            let (count, width) = (clip.shape[0], clip.shape[1])
            inputs.append(stitching.window(clip.reshaped(to: [1, count, width])))
            layouts.append(stitching.layout(clipLength: count))
            targets.append(
                stitching.targets(
                    visible(in: window, of: windows[sample].video), clipLength: count))
        }
        let length = recipe.data.windowFrames
        let batch = inputs.count == 1 ? inputs[0] : Variable.concatenated(inputs, axis: 0)
        precondition(batch.shape[1] == length, "a window of shape \(batch.shape)")
        let losses = detector.head.losses(
            features: batch, targets: targets, layouts: layouts, context: context)
        return StepLosses(total: losses.total, named: losses.values)
    }

    /// The features of each window with a gradient, `[positions, D]`.
    private func trainedFeatures(
        _ samples: [Int], _ drawn: [TrainingWindow], way: FinetuningWay, _ context: Context
    ) throws -> [Variable] {
        let parts = try loadTimer.measure {
            try zip(samples, drawn).map { sample, window in
                try frames.tensor(
                    video: windows[sample].video, frames: window.frames,
                    isFlipped: window.isFlipped, tables: detector.pixelTables)
            }
        }
        let features = try detector.frameFeatures(
            Tensor.joiningRows(parts), way: way, tile: tile, context)
        var first = 0
        return drawn.map { window in
            defer { first += window.frames.count }
            return features.slice(first..<first + window.frames.count, axis: 0)
        }
    }

    /// The actions of a window in its positions.
    private func visible(in window: TrainingWindow, of video: Int) -> [SegmentTarget] {
        let seconds = window.seconds(rate: recipe.data.rate)
        return (actions[frames.index.videos[video].id] ?? []).compactMap { action in
            seconds.target(
                action.segment, label: action.label, length: window.frames.count,
                minimumVisible: recipe.data.minimumVisible)
        }
    }

    private func frozenFeatures(video: Int, isFlipped: Bool, step: Int) throws -> Tensor {
        try cache.features(video, isFlipped: isFlipped) {
            try features(
                video: video, isFlipped: isFlipped, way: recipe.finetuning.evaluation(step: step))
        }
    }

    /// The features of a whole video, `[frames, D]`.
    private func features(video: Int, isFlipped: Bool, way: FinetuningWay) throws -> Tensor {
        try detector.inferFeatures(count: frames.index.videos[video].frames, way: way) { range in
            try loadTimer.measure {
                try frames.tensor(
                    video: video, frames: range, isFlipped: isFlipped, tables: detector.pixelTables)
            }
        }
    }

    /// Scores on the validation subset: at the pair in force, and as the plain pretrained form.
    package func evaluate(step: Int, totalSteps: Int) throws -> [(name: String, value: Double)] {
        let done = backboneStep(step)
        let way = recipe.finetuning.evaluation(step: max(0, done - 1))
        let (scores, results) = try evaluate(way)
        evaluation = scores
        predictions = results
        var named = named(scores, prefix: "")
        if case .dr2net(let plan, _) = way, !plan.isPretrained {
            named += self.named(try evaluate(.frozen).0, prefix: "plain.")
        }
        return named
    }

    private func named(_ scores: TemporalEvaluation, prefix: String) -> [(String, Double)] {
        [(prefix + "mAP", scores.average)]
            + zip(scores.thresholds, scores.meanAveragePrecision).map {
                ("\(prefix)mAP@\(EvaluationThresholds.name($0))", $1)
            }
    }

    package var isEvaluated: Bool { evaluation != nil }

    package func writeFindings(_ folder: RunFolder) throws {
        try predictions.write(to: folder.path + "/predictions.json")
        try AtomicFile.write(
            TemporalTimeline.svg(
                annotations, predictions, labels: detector.labels,
                subset: recipe.data.validationSubset, title: "Detections over ground truth"),
            to: folder.path + "/timeline.svg")
    }

    /// mAP of random segments with the training priors, by the same evaluator.
    package func baselines() throws -> [String: [String: Double]] {
        let random = try TemporalEvaluation.randomBaseline(
            training: annotations.only(subset: recipe.data.trainingSubset),
            evaluation: annotations,
            options: EvaluationOptions(
                subset: recipe.data.validationSubset, thresholds: recipe.thresholds),
            countPerVideo: max(1, predictions.count / max(1, predictions.videos.count)), draws: 50)
        var scores = ["mAP": random.isEmpty ? 0 : random.reduce(0, +) / Double(random.count)]
        for (threshold, value) in zip(recipe.thresholds, random) {
            scores["mAP@" + EvaluationThresholds.name(threshold)] = value
        }
        return ["random segments": scores]
    }

    private func evaluate(_ way: FinetuningWay) throws -> (TemporalEvaluation, ActivityNetResults) {
        var videos: [ActivityNetResults.Video] = []
        for (position, video) in frames.index.videos.enumerated()
        where video.subset == recipe.data.validationSubset {
            let features = try features(video: position, isFlipped: false, way: way)
            videos.append(
                .init(
                    id: video.id,
                    detections: inference.detections(features: features, duration: video.duration)))
        }
        guard !videos.isEmpty else {
            throw TemporalError(
                "no prepared video is in subset \"\(recipe.data.validationSubset)\"; correct "
                    + "data.validationSubset or prepare again")
        }
        let results = ActivityNetResults(version: "dr2net", videos: videos)
        let scores = try TemporalEvaluation.evaluate(
            annotations: annotations, results: results,
            options: EvaluationOptions(
                subset: recipe.data.validationSubset, thresholds: recipe.thresholds))
        return (scores, results)
    }
}

/// The features of whole videos, plain and mirrored, while the backbone stays as it is.
private struct FrozenFeatures {
    private struct View: Hashable {
        var video: Int
        var isFlipped: Bool
    }
    private var values: [View: Tensor] = [:]

    mutating func clear() { values = [:] }

    mutating func features(_ video: Int, isFlipped: Bool, _ compute: () throws -> Tensor) rethrows
        -> Tensor
    {
        let view = View(video: video, isFlipped: isFlipped)
        if let known = values[view] { return known }
        let value = try compute()
        values[view] = value
        return value
    }
}
