// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Checkpoints
import Console
import Files
import Layers
import Regions
package import Reports
package import Reversible
import Tensors
package import Training

/// Temporal action detection as the training loop sees it: windows, losses, evaluation.
package final class TemporalTask: RunnableTask {
    /// The scores of an evaluation, and the predictions behind them.
    package typealias Findings = (evaluation: TemporalEvaluation, predictions: ActivityNetResults)

    /// A window of a training video.
    struct Window: Hashable {
        /// Its place among the videos.
        var video: Int
        /// The first frame before jitter; nil for one anywhere in the video.
        var start: Int?
    }

    /// The network.
    package let detector: TemporalDetector
    let recipe: TemporalRecipe
    let source: TemporalSource
    let videos: [SourceVideo]
    private let annotations: ActivityNetAnnotations
    let windows: [Window]
    private let actions: [String: [Item<Segment>]]
    private let inference: TemporalInference
    private var cache = FrozenFeatures()
    private let stitching: SelfStitching
    /// What the run does at each step.
    package let plan: FinetuningPlan
    /// How long steps wait for frames.
    package let loadTimer = LoadTimer()
    /// Frames that go through the backbone.
    package let meter = WorkMeter()
    /// Slices of the backbone's branches, from the recipe or from its memory budget.
    package private(set) var tile: Tile?

    /// The task of a recipe on prepared frames or precomputed features.
    package init(
        _ recipe: TemporalRecipe, detector: TemporalDetector, source: TemporalSource,
        annotations: ActivityNetAnnotations
    ) throws {
        self.detector = detector
        self.source = source
        // Prepared frames may hold more: of videos that the recipe leaves out by now.
        let annotated = Set(annotations.videos.map(\.id))
        videos = source.videos(framesPerPosition: recipe.data.framesPerPosition).map { video in
            var video = video
            if !annotated.contains(video.id) { video.subset = nil }
            return video
        }
        self.annotations = annotations
        // With scores of videos the head knows one class.
        let isNamedLater = recipe.postProcessing.videoScores != nil
        let numbers = Dictionary(
            uniqueKeysWithValues: detector.labels.enumerated().map {
                ($0.element, isNamedLater ? 0 : $0.offset)
            })
        var actions: [String: [Item<Segment>]] = [:]
        for video in annotations.videos {
            actions[video.id] = video.annotations.compactMap { annotation in
                numbers[annotation.label].map { Item(annotation.segment, label: $0) }
            }
        }
        self.actions = actions
        let data = recipe.data
        windows = videos.enumerated().flatMap { place, video -> [Window] in
            guard video.subset == data.trainingSubset else { return [] }
            guard data.sampling == .windows else { return [Window(video: place, start: nil)] }
            return Windows(length: data.windowFrames, overlap: data.windowOverlap)(of: video.count)
                .map { Window(video: place, start: $0.lowerBound) }
        }
        guard !windows.isEmpty else {
            throw InputError(
                "no usable video is in subset \"\(data.trainingSubset)\"; correct "
                    + "data.trainingSubset or prepare again")
        }
        self.recipe = recipe
        let plan = try FinetuningPlan(
            recipe.shared, sampleCount: windows.count, freezing: detector.parameterGroups)
        self.plan = plan
        inference = try TemporalInference(detector, recipe)
        try inference.requireScores(
            of: videos.filter { $0.subset == data.validationSubset }.map(\.id))
        stitching = recipe.head.stitching(length: data.windowPositions)
        if detector.encoder != nil { tile = try fittingTile(advice: "take fewer windowFrames") }
    }

    /// The id of a sample's video.
    package func source(of sample: Int, epoch: Int) -> String? {
        source.name(of: windows[sample].video)
    }

    /// The classes, and the videos of both subsets with their actions.
    package var dataIdentity: DataIdentity {
        func lines(_ subset: String) -> [String] {
            videos.filter { $0.subset == subset }.flatMap { video in
                [
                    "\(video.id) \(video.duration) \(video.count) \(video.clock.rate) "
                        + "\(video.clock.offset)"
                ]
                    + (actions[video.id] ?? []).map {
                        "\($0.place.start) \($0.place.end) \($0.label)"
                    }
            }
        }
        return DataIdentity(
            labels: detector.labels, samples: windows.count,
            parts: [
                "training videos": lines(recipe.data.trainingSubset),
                "validation videos": lines(recipe.data.validationSubset),
            ])
    }

    /// Backbone and head.
    package var parameterGroups: [RoleGroup] { detector.parameterGroups }

    /// Losses of some windows: features (with a gradient once the backbone trains), then head.
    package func losses(samples: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        if position.isBackboneTrained { cache.clear() }
        let drawn = samples.enumerated().map { index, sample in
            draw(windows[sample], key: context.key.child("window").child(index))
        }
        let clips =
            try position.isBackboneTrained
            ? trainedFeatures(samples, drawn, context)
            : zip(samples, drawn).map { sample, window in
                Variable(try frozenFeatures(windows[sample].video, window, step: position.step))
            }
        var inputs: [Variable] = [], targets: [[Item<Segment>]] = [], layouts: [WindowLayout] = []
        for ((clip, window), sample) in zip(zip(clips, drawn), samples) {
            let (count, width) = (clip.shape[0], clip.shape[1])
            inputs.append(stitching.window(clip.reshaped(to: [1, count, width])))
            layouts.append(stitching.layout(clipLength: count))
            targets.append(
                stitching.targets(
                    visible(in: window, of: windows[sample].video, positions: count),
                    clipLength: count))
        }
        let length = recipe.data.windowPositions
        let batch = inputs.count == 1 ? inputs[0] : Variable.concatenated(inputs, axis: 0)
        precondition(batch.shape[1] == length, "a window of shape \(batch.shape)")
        return detector.head.losses(
            features: batch, targets: targets, layouts: layouts, context: context)
    }

    func draw(_ window: Window, key: RandomKey) -> TrainingWindow {
        let video = videos[window.video], data = recipe.data
        guard case .videos(let crop) = data.sampling else {
            return TrainingWindow(
                start: window.start ?? 0, videoFrames: video.count, data: data, key: key)
        }
        let rate = video.clock.rate, offset = video.clock.offset
        let shown = (actions[video.id] ?? []).map {
            Segment(
                start: $0.place.start * rate - offset, end: $0.place.end * rate - offset)
        }
        return TrainingWindow(
            showing: shown, videoFrames: video.count, crop: crop, data: data, key: key)
    }

    /// The features of each window with a gradient, `[positions, D]`.
    private func trainedFeatures(
        _ samples: [Int], _ drawn: [TrainingWindow], _ context: Context
    ) throws -> [Variable] {
        guard let encoder = detector.encoder else {
            preconditionFailure("features have no backbone to train")
        }
        let inputs = try loadTimer.measure {
            try zip(samples, drawn).map { sample, window in
                try source.input(
                    video: windows[sample].video, frames: window.frames,
                    isFlipped: window.isFlipped, encoder)
            }
        }
        return try encoder.encode(inputs, frames: drawn.map(\.frames.count), context)
    }

    /// The actions of a window in its positions.
    private func visible(
        in window: TrainingWindow, of video: Int, positions: Int
    ) -> [Item<Segment>] {
        let seconds = window.seconds(videos[video].clock)
        return (actions[videos[video].id] ?? []).compactMap { action in
            seconds.target(
                action, length: positions, minimumVisible: recipe.data.minimumVisible)
        }
    }

    /// The features of a window while the backbone stays as it is, `[positions, D]`.
    private func frozenFeatures(_ video: Int, _ window: TrainingWindow, step: Int) throws -> Tensor
    {
        let whole = try wholeFeatures(video, isFlipped: window.isFlipped, step: step)
        let group = recipe.data.framesPerPosition
        // Of each position's frames the middle one says which of the video's positions it is.
        let rows = stride(from: 0, to: window.frames.count, by: group).map { first in
            let middle = min(first + group / 2, window.frames.count - 1)
            return Int32(window.frames[middle] / group)
        }
        return whole.gatheringRows(rows)
    }

    private func wholeFeatures(_ video: Int, isFlipped: Bool, step: Int) throws -> Tensor {
        let compute = { [self] in
            try positions(
                video: video, isFlipped: isFlipped, way: plan.evaluationWay(after: step + 1),
                for: .features)
        }
        // Files are read again each time: a data set's features may not fit the memory.
        guard detector.encoder != nil, !DryRun.isActive else { return try compute() }
        return try cache.features(video, isFlipped: isFlipped, compute)
    }

    /// The features of a whole video, `[positions, D]`.
    private func positions(
        video: Int, isFlipped: Bool, way: FinetuningWay, for use: WorkKind
    ) throws -> Tensor {
        try meter.measure(use) { report in
            try source.positions(
                video: video, isFlipped: isFlipped, encoder: detector.encoder,
                .inference.running(way), timer: loadTimer, report: report)
        }
    }

    // MARK: Evaluation

    /// mAP, over all thresholds and at each.
    package func scores(_ findings: Findings) -> [(name: String, value: Double)] {
        let scores = findings.evaluation
        return [("mAP", scores.average)]
            + zip(scores.thresholds, scores.meanAveragePrecision).map {
                ("mAP@\(EvaluationThresholds.name($0))", $1)
            }
    }

    /// Writes `predictions.json` and the chart of what was found, missed and invented.
    package func write(_ findings: Findings, to folder: RunFolder) throws -> OutcomeReport? {
        try findings.predictions.write(to: folder.path + "/predictions.json")
        let outcomes = try TemporalOutcomes(
            annotations, findings.predictions, subset: recipe.data.validationSubset)
        try AtomicFile.write(
            outcomes.chart.svg(), to: "\(folder.path)/\(TemporalOutcomes.fileName)")
        return outcomes.report
    }

    /// mAP of random segments with the training priors, by the same evaluator.
    package func baselines(_ findings: Findings?) throws -> [String: [String: Double]] {
        let count = findings.map { $0.predictions.count / max(1, $0.predictions.videos.count) } ?? 0
        let random = try TemporalEvaluation.randomBaseline(
            training: annotations.only { $0.subset == recipe.data.trainingSubset },
            evaluation: annotations,
            options: EvaluationOptions(
                subset: recipe.data.validationSubset, thresholds: recipe.thresholds),
            countPerVideo: max(1, count), draws: 50)
        var scores = ["mAP": random.isEmpty ? 0 : random.reduce(0, +) / Double(random.count)]
        for (threshold, value) in zip(recipe.thresholds, random) {
            scores["mAP@" + EvaluationThresholds.name(threshold)] = value
        }
        return ["random segments": scores]
    }

    /// Detects in the videos of the validation subset, and scores that.
    package func evaluate(_ way: FinetuningWay, after step: Int) throws -> Findings? {
        var found: [ActivityNetResults.Video] = []
        for (place, video) in videos.enumerated()
        where video.subset == recipe.data.validationSubset {
            let features = try positions(
                video: place, isFlipped: false, way: way, for: .evaluation)
            found.append(
                .init(
                    id: video.id,
                    detections: try inference.detections(
                        features: features, clock: video.clock, duration: video.duration,
                        video: video.id)))
        }
        guard !found.isEmpty else {
            throw InputError(
                "no usable video is in subset \"\(recipe.data.validationSubset)\"; correct "
                    + "data.validationSubset or prepare again")
        }
        let results = ActivityNetResults(version: "dr2net", videos: found)
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
