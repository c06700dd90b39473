// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Console
package import Files
import Layers
import Optimizers
import Ranks
import Reversible
import Tensors

/// The one training loop: batches, gradients, updates, metrics, checkpoints, evaluations.
///
/// What a step does is a function of the parameters, the optimizer's state, the recipe and the
/// step's number; so a run that goes on from a checkpoint gives the bits of one that never
/// stopped.
package final class TrainingLoop<Task: TrainingTask> {
    let task: Task
    private let folder: RunFolder
    private let progress: ProgressLine
    private let interruption: Interruption
    let plan: FinetuningPlan
    private let data: DataIdentity
    let optimizer: AdamW
    /// This process's part where several train together; nil where it is alone.
    let ranks: TrainingRanks?
    private let parameters: [ModuleRegistry.Entry]
    /// Whether the backbone ever trains.
    let trainsBackbone: Bool
    private let runProgress: RunProgress
    private var savedStep = -1
    /// The evaluations so far, those before a resumption included.
    private var evaluations: [MetricsLine] = []
    /// Whether this object has evaluated the network.
    private(set) var isEvaluated = false
    /// What its last evaluation found, of the form in force.
    package private(set) var findings: Task.Findings?

    /// A loop over a run folder, new or with checkpoints to go on from.
    ///
    /// - Parameters:
    ///   - task: Samples, parameters and losses.
    ///   - folder: Where the run is kept.
    ///   - progress: Where progress is shown.
    ///   - interruption: Stops the run after a step when requested.
    package init(
        _ task: Task, folder: RunFolder, progress: ProgressLine,
        interruption: Interruption = Interruption()
    ) throws(InputError) {
        self.task = task
        self.folder = folder
        self.progress = progress
        self.interruption = interruption
        plan = task.plan
        data = task.dataIdentity
        let recipe = plan.training
        let groups = task.parameterGroups
        parameters = groups.flatMap(\.entries)
        if let frozen = plan.frozen, !recipe.frozenPatterns.isEmpty {
            progress.message(
                "frozen by optimizer.freeze: \(frozen.parameters) of \(parameters.count) "
                    + "parameters, \(frozen.scalars) scalars")
        }
        optimizer = AdamW(
            recipe.optimizerGroups(groups), settings: recipe.optimizer, schedule: recipe.schedule)
        trainsBackbone =
            recipe.learningRates[.backbone, default: 0] > 0
            && optimizer.scalarCount(ParameterRole.backbone.rawValue) > 0
        runProgress = RunProgress(
            progress, totalSteps: plan.totalSteps,
            backboneStart: trainsBackbone ? recipe.backboneStart : plan.totalSteps,
            evaluationPeriod: plan.evaluationPeriod)
        guard let group = folder.ranks?.group else {
            ranks = nil
            return
        }
        guard !recipe.optimizer.updatesInBackward else {
            throw InputError(
                "optimizer.inBackward is true with \(group.count) processes, whose gradients "
                    + "are summed before an update; set it to false or start one process")
        }
        try TrainingRanks.check(group, accumulation: recipe.accumulation, parameters: parameters)
        ranks = TrainingRanks(
            group, optimizer.slots.map(\.parameter), isSharded: recipe.isOptimizerSharded,
            isStopping: { interruption.isRequested })
    }

    /// Whether all steps are done and their checkpoint is there.
    var isTrained: Bool { savedStep == plan.totalSteps }

    /// This process's rank, 0 where it is alone.
    var rank: Int { ranks?.rank ?? 0 }

    /// Trains to the end, from the newest checkpoint where there is one.
    ///
    /// - Parameter begin: Told the steps done, once it is known that the folder's checkpoint fits
    ///   the recipe and before anything else is written.
    /// - Returns: what the run's metrics say.
    /// - Throws: `InputError`, also after an interruption; then the
    ///   message says that a checkpoint was saved and how to go on.
    @discardableResult
    package func run(begin: (_ step: Int) throws -> Void = { _ in }) throws -> RunSummary {
        defer { progress.finish() }
        var step = rank == 0 ? try restore() : 0
        if rank == 0 { try begin(step) }
        let shown = runProgress
        shown.begin(task.workload(from: step), from: step)
        task.meter.observer = { shown.observe($0, units: $1, seconds: $2) }
        defer { task.meter.observer = nil }
        StoragePool.trim()
        evaluations = try folder.metrics().filter { $0.evaluation != nil }
        // A run that ended between a checkpoint and its evaluation makes up for it.
        if step > 0, isEvaluationDue(after: step), evaluations.last?.step != step {
            try evaluate(after: step)
        }
        let isOver = step < plan.totalSteps && stopsEarly(after: step)
        if let ranks {
            step = try ranks.start(
                step: step, fingerprint: plan.fingerprint, data: data.digest,
                parameters: parameters,
                optimizer: optimizer)
        }
        var verdict = try share(isOver ? .stopEarly : .goOn)
        while step < plan.totalSteps, verdict == .goOn {
            let line = try trainOrSave(step)
            step += 1
            if rank == 0 {
                try folder.append(line)
                runProgress.finish(line)
            }
            verdict = try finish(step)
        }
        // Rank 0 may evaluate once more, with averages that others keep.
        try ranks?.gather(optimizer)
        return RunSummary(try folder.metrics())
    }

    /// A step; where another process is lost in it, the state before it is saved.
    private func trainOrSave(_ step: Int) throws -> MetricsLine {
        do {
            return try train(step)
        } catch let error as RankError {
            guard rank == 0 else { throw error }
            if plan.training.isOptimizerSharded {
                throw InputError(
                    "\(error); the lost optimizer state can't be saved, go on from the last "
                        + "checkpoint, if there is one, with --resume \(folder.path)")
            }
            optimizer.clearGradients()
            try save(step)
            throw InputError(
                "\(error); the checkpoint after step \(step) of \(plan.totalSteps) is saved, go "
                    + "on with --resume \(folder.path)")
        }
    }

    /// What follows a step: checkpoint, evaluation, and whether to go on.
    private func finish(_ step: Int) throws -> TrainingRanks.Verdict {
        let isEnd = step == plan.totalSteps
        let every = plan.training.checkpointEvery
        let isDue = every > 0 && step % every == 0
        let isStopping = ranks?.stopsTogether ?? interruption.isRequested
        let isSaved = isEnd || isDue || isStopping, isEvaluated = isEvaluationDue(after: step)
        guard isSaved || isEvaluated else { return .goOn }
        try ranks?.gather(optimizer)
        if isSaved { try save(step) }
        if isStopping, !isEnd { throw interrupted(after: step) }
        guard isEvaluated else {
            ranks?.release(optimizer)
            return .goOn
        }
        var verdict = TrainingRanks.Verdict.goOn
        if rank == 0 {
            try evaluate(after: step)
            if interruption.isRequested, !isEnd {
                verdict = .interrupted
            } else if !isEnd, stopsEarly(after: step) {
                verdict = .stopEarly
            }
            if verdict != .goOn { try save(step) }
        }
        verdict = try share(verdict)
        if verdict == .interrupted { throw interrupted(after: step) }
        ranks?.release(optimizer)
        return verdict
    }

    private func share(_ verdict: TrainingRanks.Verdict) throws -> TrainingRanks.Verdict {
        try ranks?.verdict(verdict) ?? verdict
    }

    // MARK: Checkpoints and evaluation

    private func restore() throws -> Int {
        guard let checkpoint = try folder.latestCheckpoint(warn: progress.message) else {
            try folder.cutMetrics(after: 0)
            try folder.setAside(after: 0)
            return 0
        }
        let step = checkpoint.step
        guard checkpoint.recipeFingerprint == plan.fingerprint,
            checkpoint.seed == plan.training.seed
        else {
            throw InputError(
                "\(folder.path): the recipe differs from that of the checkpoint at step \(step); "
                    + "resume with the run's own recipe, or start a new run")
        }
        try checkData(of: checkpoint)
        guard checkpoint.position == plan.position(step: step), step <= plan.totalSteps else {
            throw InputError(
                "\(folder.path): the checkpoint at step \(step) is at sample "
                    + "\(checkpoint.position), expected \(plan.position(step: step)) of a run of "
                    + "\(plan.totalSteps) steps; the file is damaged, go on from another")
        }
        try checkpoint.load(into: parameters)
        do {
            try optimizer.restore(from: checkpoint.arrays, prefix: "optimizer.")
        } catch {
            throw InputError(error)
        }
        try folder.cutMetrics(after: step)
        try folder.setAside(after: step)
        savedStep = step
        progress.message("going on after step \(step) of \(plan.totalSteps)")
        return step
    }

    /// Refuses to go on where outputs would mean something else, or samples are others.
    private func checkData(of checkpoint: TrainingCheckpoint) throws(InputError) {
        var former = DataIdentity(
            labels: data.labels, samples: checkpoint.sampleCount, parts: [:])
        if let known = checkpoint.data {
            former = known
        } else {
            progress.message(
                "the checkpoint at step \(checkpoint.step) is of an earlier version and does not "
                    + "say what data it was trained on: that they are the same can't be checked")
            // The run folder at least knows its classes.
            if let run = try? RunDescription.read(folder.path) {
                (former.labels, former.labelIDs) = (run.labels, run.labelIDs)
            }
        }
        let differences = data.differences(from: former)
        guard differences.isEmpty else {
            throw InputError(
                "\(folder.path): the data are not those of the checkpoint at step "
                    + "\(checkpoint.step): \(differences.joined(separator: "; ")); put back the "
                    + "data as they were, or begin a new run, from these weights with --start-from "
                    + folder.path)
        }
    }

    private func save(_ step: Int) throws {
        guard step != savedStep, rank == 0 else { return }
        let checkpoint = TrainingCheckpoint(
            step: step, position: plan.position(step: step),
            sampleCount: plan.sampleCount, seed: plan.training.seed,
            recipeFingerprint: plan.fingerprint, data: data,
            coefficients: plan.coefficients(step: step - 1),
            parameters: parameters, optimizer: optimizer)
        try folder.save(checkpoint, keep: plan.training.checkpointsKept, best: best?.step)
        savedStep = step
    }

    private func isEvaluationDue(after step: Int) -> Bool {
        let period = plan.evaluationPeriod
        return step == plan.totalSteps || (period > 0 && step % period == 0)
    }

    private var best: BestScore? {
        plan.training.bestMetric.flatMap { BestScore($0, in: evaluations) }
    }

    /// Whether the last few evaluations were no better than one before them.
    private func stopsEarly(after step: Int) -> Bool {
        guard let patience = plan.training.patience, let best, evaluations.last?.step == step,
            best.evaluationsSince(in: evaluations) >= patience
        else { return false }
        progress.message(
            "stopping early after step \(step) of \(plan.totalSteps): no \(best.metric) above "
                + "\(NumberText.short(best.value)) (step \(best.step)) in \(patience) evaluations")
        return true
    }

    /// Keeps the checkpoint of the best evaluation, and no longer that of the former one.
    private func keepBest(after step: Int, _ scores: [String: Double]) throws {
        guard let metric = plan.training.bestMetric else { return }
        guard scores[metric] != nil else {
            try save(step)
            throw InputError(
                "checkpoint.best: an evaluation has no score \"\(metric)\", it has "
                    + scores.keys.sorted().joined(separator: ", ")
                    + "; go on with --resume \(folder.path) --set checkpoint.best=SCORE")
        }
        if best?.step == step { try save(step) }
        try folder.prune(keep: plan.training.checkpointsKept, best: best?.step)
    }

    private func evaluate(after step: Int) throws {
        let begin = ProgressLine.seconds()
        let scores = try runProgress.evaluating { try self.scores(after: step) }
        guard !scores.isEmpty else { return }
        var line = MetricsLine(step: step)
        line.seconds = ProgressLine.seconds() - begin
        line.evaluation = Dictionary(
            scores.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        try folder.append(line)
        evaluations.append(line)
        let text = scores.map { "\($0.name) \(NumberText.short($0.value))" }
        progress.message("evaluation after step \(step): \(text.joined(separator: ", "))")
        try keepBest(after: step, line.evaluation ?? [:])
    }

    /// The scores of the form in force and, where that is another, of the plain pretrained form.
    func scores(after step: Int) throws -> [(name: String, value: Double)] {
        isEvaluated = true
        return try withEvaluatedWeights { () -> [(name: String, value: Double)] in
            let way = plan.evaluationWay(after: step)
            findings = try task.evaluate(way, after: step)
            guard let findings else { return [] }
            let scores = task.scores(findings)
            guard plan.isPlainEvaluated(after: step),
                let plain = try task.evaluate(.frozen, after: step)
            else { return scores }
            return scores + task.scores(plain).map { ("plain." + $0.name, $0.value) }
        }
    }

    /// Runs `body` with the weights to evaluate and predict with: the averaged ones, if any.
    package func withEvaluatedWeights<R>(_ body: () throws -> R) rethrows -> R {
        try optimizer.withAverages(body)
    }

    private func interrupted(after step: Int) -> InputError {
        InputError(
            "interrupted after step \(step) of \(plan.totalSteps); the checkpoint is saved, go on "
                + "with --resume \(folder.path)")
    }
}
