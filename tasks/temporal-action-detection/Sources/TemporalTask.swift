// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Backbones
import Layers
import Regions
package import Reversible
import Tensors
package import Training

/// Temporal action detection as the training loop sees it: windows, losses, evaluation.
package final class TemporalTask: TrainingTask {
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
    ) throws(TemporalError) {
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
        tile = try TemporalTask.tile(recipe, detector)
    }

    /// The largest tile with which a step of the backbone, beside the head's weights, gradients
    /// and optimizer state, fits the recipe's budget.
    private static func tile(_ recipe: TemporalRecipe, _ detector: TemporalDetector)
        throws(TemporalError) -> Tile?
    {
        guard let budget = recipe.finetuning.memoryBudget else { return recipe.finetuning.tile }
        let size = recipe.data.size
        let network = detector.backbone.memoryShape(
            samples: recipe.training.batchSize * recipe.data.windowFrames, height: size,
            width: size, dtype: .float32)
        let head = 4 * 4 * detector.head.parameterCount
        do {
            return try MemoryPlan.tile(
                fitting: budget - head, network,
                way: recipe.finetuning.training(step: 0, key: RandomKey(seed: 0)))
        } catch {
            throw TemporalError(
                "memoryBudget \(ByteSize.text(budget)): a step needs at least "
                    + "\(ByteSize.text(error.least + head)) counted; raise the budget, take "
                    + "fewer windowFrames, or way: dr2net")
        }
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
        let length = recipe.data.windowFrames
        var ranges: [Range<Int>] = []
        var clips: [Variable] = []
        if trains {
            var parts: [Tensor] = []
            for (index, sample) in samples.enumerated() {
                let key = context.key.child("window").child(index)
                let range = jittered(windows[sample], key)
                ranges.append(range)
                parts.append(
                    try frames.tensor(
                        video: windows[sample].video, range: range,
                        isFlipped: recipe.data.flips && key.child("flip").uniform() < 0.5,
                        tables: detector.pixelTables))
            }
            let features = try detector.frameFeatures(
                Tensor.joiningRows(parts), way: way, tile: tile, context)
            var first = 0
            for range in ranges {
                clips.append(features.slice(first..<first + range.count, axis: 0))
                first += range.count
            }
        } else {
            for (index, sample) in samples.enumerated() {
                let key = context.key.child("window").child(index)
                let range = jittered(windows[sample], key)
                ranges.append(range)
                let all = try frozenFeatures(video: windows[sample].video, step: step)
                clips.append(Variable(all.rows(range)))
            }
        }
        var inputs: [Variable] = [], targets: [[SegmentTarget]] = [], layouts: [WindowLayout] = []
        for ((clip, range), sample) in zip(zip(clips, ranges), samples) {
            let width = clip.shape[1]
            inputs.append(stitching.window(clip.reshaped(to: [1, range.count, width])))
            layouts.append(stitching.layout(clipLength: range.count))
            targets.append(
                stitching.targets(
                    visible(in: range, of: windows[sample].video), clipLength: range.count))
        }
        let batch = inputs.count == 1 ? inputs[0] : Variable.concatenated(inputs, axis: 0)
        precondition(batch.shape[1] == length, "a window of shape \(batch.shape)")
        let losses = detector.head.losses(
            features: batch, targets: targets, layouts: layouts, context: context)
        return StepLosses(total: losses.total, named: losses.values)
    }

    /// A window moved by up to half a step between neighbours, inside its video.
    private func jittered(_ window: Window, _ key: RandomKey) -> Range<Int> {
        let count = frames.index.videos[window.video].frames, length = recipe.data.windowFrames
        if count <= length { return 0..<count }
        let step = max(1, Int(Double(length) * (1 - recipe.data.windowOverlap)))
        let moved = window.start + key.child("jitter").integer(below: step + 1) - step / 2
        let start = min(max(0, moved), count - length)
        return start..<start + length
    }

    /// The actions of a window in its positions.
    private func visible(in range: Range<Int>, of video: Int) -> [SegmentTarget] {
        let seconds = WindowSeconds(rate: recipe.data.rate, first: range.lowerBound)
        return (actions[frames.index.videos[video].id] ?? []).compactMap { action in
            seconds.target(
                action.segment, label: action.label, length: range.count,
                minimumVisible: recipe.data.minimumVisible)
        }
    }

    private func frozenFeatures(video: Int, step: Int) throws -> Tensor {
        try cache.features(video) {
            try features(video: video, way: recipe.finetuning.evaluation(step: step))
        }
    }

    /// The features of a whole video, `[frames, D]`.
    private func features(video: Int, way: FinetuningWay) throws -> Tensor {
        try detector.inferFeatures(count: frames.index.videos[video].frames, way: way) { range in
            try frames.tensor(
                video: video, range: range, isFlipped: false, tables: detector.pixelTables)
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

    private func evaluate(_ way: FinetuningWay) throws -> (TemporalEvaluation, ActivityNetResults) {
        var videos: [ActivityNetResults.Video] = []
        for (position, video) in frames.index.videos.enumerated()
        where video.subset == recipe.data.validationSubset {
            let features = try features(video: position, way: way)
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

/// The features of whole videos while the backbone stays as it is.
private struct FrozenFeatures {
    private var values: [Int: Tensor] = [:]

    mutating func clear() { values = [:] }

    mutating func features(_ video: Int, _ compute: () throws -> Tensor) rethrows -> Tensor {
        if let known = values[video] { return known }
        let value = try compute()
        values[video] = value
        return value
    }
}
