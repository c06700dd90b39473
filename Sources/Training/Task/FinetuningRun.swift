// SPDX-License-Identifier: Apache-2.0
package import Console
import Files
import Foundation
import Ranks
import Reports

/// A whole run of a task: train, evaluate, write the results.
package struct FinetuningRun<Task: RunnableTask> {
    private let task: Task
    private let folder: RunFolder
    private let progress: ProgressLine

    /// A run in a folder, new or to go on with.
    package init(_ task: Task, folder: RunFolder, progress: ProgressLine) {
        self.task = task
        self.folder = folder
        self.progress = progress
    }

    /// Trains to the end, evaluates where the loop has not, writes findings and `summary.json`.
    ///
    /// Where a trained run can't be scored, all else is written before the error is thrown.
    ///
    /// - Returns: The result, and as people read it.
    /// - Throws: As `TrainingLoop.run`, also after an interruption.
    @discardableResult
    package func callAsFunction() throws -> (result: RunResult, text: String) {
        try folder.ranks?.wakeNext()
        let interruption = Interruption(), progress = progress
        let loop = try TrainingLoop(
            task, folder: folder, progress: progress, interruption: interruption)
        defer { progress.finish() }
        do {
            try interruption.listening(
                notify: { progress.message("stopping after this step; again to quit at once") }
            ) { _ = try loop.run(begin: describe) }
            if let group = folder.ranks?.group, group.rank > 0 {
                return (try summary(), "")
            }
            if !loop.isEvaluated {
                let step = try folder.metrics().last?.step ?? 0
                progress.begin("evaluation after step \(step)")
                _ = try loop.scores(after: step)
            }
        } catch {
            guard folder.ranks == nil, loop.isTrained else { throw error }
            try write(try summary())
            throw InputError(
                "\(error); all \(task.plan.totalSteps) steps are done and the checkpoint is there, "
                    + "but not the score: correct that and go on with --resume \(folder.path)")
        }
        progress.begin("findings, baselines and report")
        let outcomes = try loop.findings.flatMap { try task.write($0, to: folder) }
        let result = try summary(outcomes, baselines: try task.baselines(loop.findings))
        try write(result)
        return (result, task.text(result, loop.findings))
    }

    /// Writes `summary.json` and the report.
    private func write(_ result: RunResult) throws {
        try JSONFile.write(result, to: folder.path + "/summary.json")
        try RunReport.write(folder.path)
    }

    /// Writes the description, and before the first step loads the weights to start from.
    private func describe(from step: Int) throws {
        var description = task.description
        if step > 0 {
            description.startedFrom = (try? RunDescription.read(folder.path))?.startedFrom
        } else if let run = task.plan.training.startFrom {
            description.startedFrom = try StartingPoint.load(
                run, into: task.parameterGroups.flatMap(\.entries), of: description,
                note: progress.message)
        } else if description.family == nil, description.featureWidth == nil {
            progress.message(RunDescription.randomWeights)
        }
        description.best = task.plan.training.bestMetric
        try task.begin(in: folder)
        try description.write(folder.path)
        try RunEnvironment.current.write(folder.path)
    }

    private func summary(
        _ outcomes: OutcomeReport? = nil, baselines: [String: [String: Double]] = [:]
    ) throws -> RunResult {
        RunResult(
            folder.path, task.plan, try folder.metrics(), outcomes: outcomes, baselines: baselines)
    }
}
