// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Console
import Files
import Foundation
import Ranks
package import Reports
import Reversible
import Tensors

/// A task whose run can be trained and scored from beginning to end.
package protocol FinetuningTask: TrainingTask {
    /// Writes what the last evaluation found (predictions, pictures) into the run folder.
    ///
    /// - Returns: What was found, missed and invented; nil where nothing could be evaluated.
    func writeFindings(_ folder: RunFolder) throws -> OutcomeReport?
    /// Scores of methods that learn nothing, by name, under the keys of the task's own scores.
    func baselines() throws -> [String: [String: Double]]
    /// Whether the last evaluation of this object has been made.
    var isEvaluated: Bool { get }
}

/// What a finished run prints and writes as `summary.json`.
package struct RunResult: Codable, Sendable {
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
    /// The best evaluation, where the run keeps its checkpoint.
    package var best: BestScore?
    /// What was found, missed and invented at the last evaluation; nil in runs of versions that did
    /// not count it, and where nothing could be evaluated.
    package var outcomes: OutcomeReport?
    /// Scores of methods that learn nothing, by name.
    package var baselines: [String: [String: Double]]
    /// The highest counted bytes of a step in which the backbone trained.
    package var peakCountedBytes: Int
    /// The process's peak resident bytes.
    package var peakResidentBytes: Int
    /// Median seconds of a step in which the backbone trained.
    package var stepSeconds: Double

    /// A result.
    package init(
        run: String, way: String, steps: Int, firstLoss: Double, lastLoss: Double,
        scores: [String: Double], best: BestScore?,
        outcomes: OutcomeReport? = nil, baselines: [String: [String: Double]],
        peakCountedBytes: Int, peakResidentBytes: Int, stepSeconds: Double
    ) {
        self.run = run
        self.way = way
        self.steps = steps
        self.firstLoss = firstLoss
        self.lastLoss = lastLoss
        self.scores = scores
        self.best = best
        self.outcomes = outcomes
        self.baselines = baselines
        self.peakCountedBytes = peakCountedBytes
        self.peakResidentBytes = peakResidentBytes
        self.stepSeconds = stepSeconds
    }

    /// Reads `summary.json` of a run folder; nil where it is missing or damaged.
    package static func read(_ folder: String) -> RunResult? {
        FileManager.default.contents(atPath: folder + "/summary.json").flatMap {
            try? JSONDecoder().decode(RunResult.self, from: $0)
        }
    }

    static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}

/// A whole run of any task: train, evaluate, write the results.
package struct FinetuningRun {
    private let training: TrainingRecipe
    private let finetuning: FinetuningRecipe
    private let fingerprint: String
    private let description: RunDescription
    private let folder: RunFolder
    private let progress: ProgressLine
    private let begin: () throws -> Void

    /// A run in a folder.
    ///
    /// - Parameters:
    ///   - fingerprint: `ResolvedRecipe.fingerprint` of the whole recipe.
    ///   - description: What prediction and export need, for the folder.
    ///   - begin: Writes the task's own files into the folder, once it is known that its
    ///     checkpoint fits.
    package init(
        _ training: TrainingRecipe, _ finetuning: FinetuningRecipe, fingerprint: String,
        description: RunDescription, folder: RunFolder, progress: ProgressLine,
        begin: @escaping () throws -> Void = {}
    ) {
        self.training = training
        self.finetuning = finetuning
        self.fingerprint = fingerprint
        self.description = description
        self.folder = folder
        self.progress = progress
        self.begin = begin
    }

    /// Trains to the end, evaluates where the loop has not, writes findings and `summary.json`.
    ///
    /// Where a trained run can't be scored, all else is written before the error is thrown.
    ///
    /// - Throws: As `TrainingLoop.run`, also after an interruption.
    package func callAsFunction(_ task: any FinetuningTask) throws -> RunResult {
        try folder.ranks?.wakeNext()
        let interruption = Interruption()
        let loop = try TrainingLoop(
            task, recipe: training, fingerprint: fingerprint, folder: folder, progress: progress,
            interruption: interruption)
        let progress = progress
        defer { progress.finish() }
        do {
            try interruption.listening(
                notify: { progress.message("stopping after this step; again to quit at once") }
            ) { _ = try loop.run { step in try describe(task, from: step) } }
            if let group = folder.ranks?.group, group.rank > 0 {
                return try summary(nil, baselines: [:])
            }
            if !task.isEvaluated {
                let step = try folder.metrics().last?.step ?? 0
                progress.begin("evaluation after step \(step)")
                _ = try loop.withEvaluatedWeights {
                    try task.evaluate(
                        step: step, totalSteps: training.totalSteps(sampleCount: task.sampleCount))
                }
            }
        } catch {
            guard folder.ranks == nil, loop.isTrained else { throw error }
            try write(nil, baselines: [:])
            throw InputError(
                "\(error); all \(loop.plan.totalSteps) steps are done and the checkpoint is there, "
                    + "but not the score: correct that and go on with --resume \(folder.path)")
        }
        progress.begin("findings, baselines and report")
        let outcomes = try task.writeFindings(folder)
        return try write(outcomes, baselines: try task.baselines())
    }

    /// Writes `summary.json` and the report.
    @discardableResult
    private func write(
        _ outcomes: OutcomeReport?, baselines: [String: [String: Double]]
    ) throws -> RunResult {
        let result = try summary(outcomes, baselines: baselines)
        try AtomicFile.write(RunResult.json(result), to: folder.path + "/summary.json")
        try RunReport.write(folder.path)
        return result
    }

    /// Writes the description, and before the first step loads the weights to start from.
    private func describe(_ task: any FinetuningTask, from step: Int) throws {
        var description = description
        if step > 0 {
            description.startedFrom = (try? RunDescription.read(folder.path))?.startedFrom
        } else if let run = training.startFrom {
            description.startedFrom = try StartingPoint.load(
                run, into: task.parameterGroups.flatMap(\.entries), of: description,
                note: progress.message)
        } else if description.family == nil, description.featureWidth == nil {
            progress.message(RunDescription.randomWeights)
        }
        description.best = training.bestMetric
        try begin()
        try description.write(folder.path)
        try RunEnvironment.current.write(folder.path)
    }

    private func summary(
        _ outcomes: OutcomeReport?, baselines: [String: [String: Double]]
    ) throws -> RunResult {
        let lines = try folder.metrics()
        let steps = lines.filter { $0.loss != nil }
        let trained = steps.filter { $0.step > training.backboneStart }
        let measured = trained.isEmpty ? steps : trained
        let whole = RunSummary(lines)
        let seconds = measured.compactMap(\.seconds).sorted()
        return RunResult(
            run: folder.path, way: finetuning.way.rawValue, steps: steps.count,
            firstLoss: whole.firstLoss ?? 0, lastLoss: whole.lastLoss ?? 0,
            scores: lines.last { $0.evaluation != nil }?.evaluation ?? [:],
            best: training.bestMetric.flatMap { BestScore($0, in: lines) }, outcomes: outcomes,
            baselines: baselines,
            peakCountedBytes: measured.compactMap(\.peakBytes).max() ?? 0,
            peakResidentBytes: ResidentMemory.peak,
            stepSeconds: seconds.isEmpty ? 0 : seconds[seconds.count / 2])
    }
}

extension RunResult {
    /// A table for people.
    ///
    /// - Parameters:
    ///   - keys: Which scores, in order; others that the run has follow by name.
    ///   - showsLacking: Whether one of `keys` that the run hasn't is a dash, not left out.
    ///   - missing: Scores that can't be had, and why; they have a dash.
    package func text(
        _ keys: [String] = [], showsLacking: Bool = false,
        missing: [(key: String, reason: String)] = []
    ) -> String {
        let own = scores.keys.filter { !$0.hasPrefix("plain.") }.sorted()
        let reasons = Dictionary(
            missing.filter { scores[$0.key] == nil }, uniquingKeysWith: { first, _ in first })
        let known = keys + missing.map(\.key).filter { !keys.contains($0) }
        let rows =
            known.filter { showsLacking || own.contains($0) || reasons[$0] != nil }
            + own.filter { !known.contains($0) }
        let hasPlain = scores.keys.contains { $0.hasPrefix("plain.") }
        let names = baselines.keys.sorted()
        func number(_ value: Double?) -> String {
            value.map { String(format: "%.3f", $0) } ?? "-"
        }
        func row(_ cells: [String]) -> String {
            cells[0].padding(toLength: max(10, cells[0].count), withPad: " ", startingAt: 0)
                + cells.dropFirst().map {
                    String(repeating: " ", count: max(1, 18 - $0.count)) + $0
                }.joined()
        }
        var lines = [row(["", "in force"] + (hasPlain ? ["plain network"] : []) + names)]
        for key in rows {
            lines.append(
                row(
                    [key, number(scores[key])] + (hasPlain ? [number(scores["plain." + key])] : [])
                        + names.map { number(baselines[$0]?[key]) })
                    + (reasons[key].map { "  \($0)" } ?? ""))
        }
        if let best {
            lines.append("best \(best.metric)  \(number(best.value)) after step \(best.step)")
        }
        lines.append("training loss  \(number(firstLoss)) at first, \(number(lastLoss)) at last")
        lines.append(
            "peak memory    \(ByteSize.text(peakCountedBytes)) counted in a step, "
                + "\(ByteSize.text(peakResidentBytes)) resident")
        lines.append("time a step    \(String(format: "%.2f", stepSeconds)) s (\(way))")
        if let outcomes { lines.append("outcomes       \(outcomes.title)") }
        lines.append("run folder     \(run)")
        if let picture = outcomes?.pictures.first {
            lines.append("picture        \(run)/\(picture.file)")
        }
        return lines.joined(separator: "\n")
    }
}
