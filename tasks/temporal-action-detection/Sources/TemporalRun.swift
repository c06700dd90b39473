// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import Foundation
package import Training

/// What a run folder says beside its recipe: enough to predict and to export without the data.
package struct RunDescription: Codable, Sendable, Equatable {
    /// The task.
    package var task = "tad"
    /// The backbone's name.
    package var backbone: String
    /// The key names of the pretrained file; nil for random weights.
    package var family: String?
    /// How the backbone resizes its learned positions; nil where it has none.
    package var positions: String?
    /// The classes in the order of the head's labels.
    package var labels: [String]

    static func path(_ folder: String) -> String { "\(folder)/model.json" }

    /// Reads `model.json` of a run folder.
    package static func read(_ folder: String) throws(TemporalError) -> RunDescription {
        guard let data = FileManager.default.contents(atPath: path(folder)),
            let value = try? JSONDecoder().decode(RunDescription.self, from: data)
        else {
            throw TemporalError(
                "\(path(folder)): missing or damaged; expected the folder of a dr2net tad train run"
            )
        }
        return value
    }

    func write(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(self), to: RunDescription.path(folder))
    }
}

/// What a finished run prints and writes as `summary.json`.
package struct TemporalRunResult: Codable, Sendable {
    /// The run folder.
    package var run: String
    /// The way of finetuning.
    package var way: String
    /// Optimizer steps.
    package var steps: Int
    /// Mean training loss of the first steps; see `RunSummary`.
    package var firstLoss: Double
    /// See ``firstLoss``.
    package var lastLoss: Double
    /// The scores of the last evaluation; `plain.` names the pretrained form.
    package var scores: [String: Double]
    /// mAP of random segments with the training priors at each threshold, by the same evaluator.
    package var randomBaseline: [String: Double]
    /// The highest counted bytes of a step in which the backbone trained.
    package var peakCountedBytes: Int
    /// The process's peak resident bytes.
    package var peakResidentBytes: Int
    /// Median seconds of a step in which the backbone trained.
    package var stepSeconds: Double
}

/// A whole run: prepare what is missing, train, evaluate, write the results.
package struct TemporalRun {
    private let recipe: TemporalRecipe
    private let folder: RunFolder
    private let progress: ProgressLine

    /// A run of a recipe in a folder.
    package init(_ recipe: TemporalRecipe, folder: RunFolder, progress: ProgressLine) {
        self.recipe = recipe
        self.folder = folder
        self.progress = progress
    }

    /// Runs to the end.
    package func callAsFunction() throws -> TemporalRunResult {
        var options = AnnotationOptions()
        options.keepGoing = recipe.data.keepGoing
        let annotations = try ActivityNetAnnotations.read(recipe.data.annotations, options: options)
        for issue in annotations.issues.prefix(20) { progress.message("\(issue)") }
        let frames = try preparedFrames()
        let detector = try TemporalDetector(recipe, labels: annotations.labels)
        for note in detector.weightNotes { progress.message(note) }
        try RunDescription(
            backbone: recipe.backbone.name, family: detector.family?.rawValue,
            positions: detector.backbone.positionRule?.rawValue, labels: annotations.labels
        ).write(folder.path)
        let task = try TemporalTask(
            recipe, detector: detector, frames: frames, annotations: annotations)
        let interruption = Interruption()
        let loop = try TrainingLoop(
            task, recipe: recipe.training, fingerprint: recipe.resolved.fingerprint,
            folder: folder, progress: progress, interruption: interruption)
        let progress = progress
        try interruption.listening(
            notify: { progress.message("stopping after this step; again to quit at once") }
        ) { _ = try loop.run() }
        if task.evaluation == nil {
            let step = try folder.metrics().last?.step ?? 0
            _ = try loop.withEvaluatedWeights {
                try task.evaluate(
                    step: step,
                    totalSteps: recipe.training.totalSteps(sampleCount: task.sampleCount))
            }
        }
        try task.predictions.write(to: folder.path + "/predictions.json")
        try AtomicFile.write(
            TemporalTimeline.svg(
                annotations, task.predictions, labels: annotations.labels,
                subset: recipe.data.validationSubset, title: "Detections over ground truth"),
            to: folder.path + "/timeline.svg")
        let result = try summary(annotations, detections: task.predictions)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(result), to: folder.path + "/summary.json")
        return result
    }

    private func preparedFrames() throws -> PreparedFrames {
        let data = recipe.data
        if FileManager.default.fileExists(atPath: PreparedFrames.indexPath(data.prepared)) {
            return try PreparedFrames(folder: data.prepared, rate: data.rate, size: data.size)
        }
        progress.message("preparing frames in \(data.prepared)")
        return try Preparation(recipe).run { done, total, id, outcome in
            progress.message(Preparation.line(done, total, id, outcome))
        }
    }

    private func summary(
        _ annotations: ActivityNetAnnotations, detections: ActivityNetResults
    ) throws -> TemporalRunResult {
        let lines = try folder.metrics()
        let steps = lines.filter { $0.loss != nil }
        let trained = steps.filter { $0.step > recipe.training.backboneStart }
        let measured = trained.isEmpty ? steps : trained
        let whole = RunSummary(lines)
        func mean(_ values: some Collection<Double>) -> Double {
            values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        }
        let seconds = measured.compactMap(\.seconds).sorted()
        let random = try TemporalEvaluation.randomBaseline(
            training: annotations.only(subset: recipe.data.trainingSubset),
            evaluation: annotations,
            options: EvaluationOptions(
                subset: recipe.data.validationSubset, thresholds: recipe.thresholds),
            countPerVideo: max(
                1, detections.count / max(1, detections.videos.count)), draws: 50)
        var baseline = ["mAP": mean(random)]
        for (threshold, value) in zip(recipe.thresholds, random) {
            baseline["mAP@" + EvaluationThresholds.name(threshold)] = value
        }
        return TemporalRunResult(
            run: folder.path, way: recipe.finetuning.way.rawValue, steps: steps.count,
            firstLoss: whole.firstLoss ?? 0, lastLoss: whole.lastLoss ?? 0,
            scores: lines.last { $0.evaluation != nil }?.evaluation ?? [:],
            randomBaseline: baseline, peakCountedBytes: measured.compactMap(\.peakBytes).max() ?? 0,
            peakResidentBytes: ResidentMemory.peak,
            stepSeconds: seconds.isEmpty ? 0 : seconds[seconds.count / 2])
    }
}

extension TemporalRunResult {
    /// A table for people.
    package var text: String {
        let keys = scores.keys.filter { !$0.hasPrefix("plain.") }.sorted()
        let hasPlain = scores.keys.contains { $0.hasPrefix("plain.") }
        func number(_ value: Double?) -> String {
            value.map { String(format: "%.3f", $0) } ?? "-"
        }
        func row(_ cells: [String]) -> String {
            cells[0].padding(toLength: 10, withPad: " ", startingAt: 0)
                + cells.dropFirst().map {
                    String(repeating: " ", count: max(1, 18 - $0.count)) + $0
                }.joined()
        }
        var lines = [
            row(["", "in force"] + (hasPlain ? ["plain network"] : []) + ["random segments"])
        ]
        for key in keys {
            lines.append(
                row(
                    [key, number(scores[key])] + (hasPlain ? [number(scores["plain." + key])] : [])
                        + [number(randomBaseline[key])]))
        }
        lines.append("training loss  \(number(firstLoss)) at first, \(number(lastLoss)) at last")
        lines.append(
            "peak memory    \(ByteSize.text(peakCountedBytes)) counted in a step, "
                + "\(ByteSize.text(peakResidentBytes)) resident")
        lines.append("time a step    \(String(format: "%.2f", stepSeconds)) s (\(way))")
        lines.append("run folder     \(run)")
        lines.append("timeline       \(run)/timeline.svg")
        return lines.joined(separator: "\n")
    }
}
