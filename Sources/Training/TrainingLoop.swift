// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Layers
import Tensors

/// The one training loop: batches, gradients, updates, metrics, checkpoints, evaluations.
///
/// What a step does is a function of the parameters, the optimizer's state, the recipe and the
/// step's number; so a run that goes on from a checkpoint gives the bits of one that never
/// stopped.
package final class TrainingLoop {
    private let task: any TrainingTask
    private let recipe: TrainingRecipe
    private let fingerprint: String
    private let folder: RunFolder
    private let progress: ProgressLine
    private let interruption: Interruption
    private let plan: TrainingPlan
    private let schedule: LearningRateSchedule
    private let optimizer: AdamW
    private let parameters: [ModuleRegistry.Entry]
    private var savedStep = -1

    /// A loop over a run folder, new or with checkpoints to go on from.
    ///
    /// - Parameters:
    ///   - task: Samples, parameters and losses.
    ///   - recipe: The shared part of the recipe.
    ///   - fingerprint: ``ResolvedRecipe/fingerprint`` of the whole recipe.
    ///   - folder: Where the run is kept.
    ///   - progress: Where progress is shown.
    ///   - interruption: Stops the run after a step when requested.
    package init(
        _ task: any TrainingTask, recipe: TrainingRecipe, fingerprint: String, folder: RunFolder,
        progress: ProgressLine, interruption: Interruption = Interruption()
    ) throws(TrainingError) {
        self.task = task
        self.recipe = recipe
        self.fingerprint = fingerprint
        self.folder = folder
        self.progress = progress
        self.interruption = interruption
        plan = try TrainingPlan(recipe, sampleCount: task.sampleCount)
        var schedule = recipe.schedule
        schedule.totalSteps = plan.totalSteps
        self.schedule = schedule
        let groups = task.parameterGroups
        parameters = groups.flatMap(\.entries)
        optimizer = AdamW(groups, settings: recipe.optimizer)
    }

    /// Trains to the end, from the newest checkpoint where there is one.
    ///
    /// - Parameter begin: Told the steps done, once it is known that the folder's checkpoint fits
    ///   the recipe and before anything else is written.
    /// - Returns: what the run's metrics say.
    /// - Throws: `TrainingError` or `CheckpointError`, also after an interruption; then the
    ///   message says that a checkpoint was saved and how to go on.
    @discardableResult
    package func run(begin: (_ step: Int) throws -> Void = { _ in }) throws -> RunSummary {
        defer { progress.finish() }
        var step = try restore()
        try begin(step)
        try task.willTrain(plan, from: step)
        StoragePool.trim()
        let evaluated = try folder.metrics().last { $0.evaluation != nil }?.step
        // A run that ended between a checkpoint and its evaluation makes up for it.
        if step > 0, isEvaluationDue(after: step), evaluated != step { try evaluate(after: step) }
        while step < plan.totalSteps {
            let line = try train(step)
            step += 1
            try folder.append(line)
            show(line)
            let isEnd = step == plan.totalSteps
            let isDue = recipe.checkpointEvery > 0 && step % recipe.checkpointEvery == 0
            if isEnd || isDue || interruption.isRequested { try save(step) }
            if interruption.isRequested, !isEnd { throw interrupted(after: step) }
            if isEvaluationDue(after: step) {
                try evaluate(after: step)
                if interruption.isRequested, !isEnd {
                    try save(step)
                    throw interrupted(after: step)
                }
            }
        }
        return RunSummary(try folder.metrics())
    }

    // MARK: One step

    /// The learning rate of each role at a step, counted from 0.
    package func learningRates(step: Int) -> [ParameterRole: Double] {
        recipe.learningRates.reduce(into: [:]) { rates, pair in
            rates[pair.key] = pair.value * schedule.factor(step: step, start: start(of: pair.key))
        }
    }

    private func start(of role: ParameterRole) -> Int {
        role == .backbone ? recipe.backboneStart : 0
    }

    private func train(_ step: Int) throws -> MetricsLine {
        let begin = ProgressLine.seconds()
        StoragePool.resetPeak()
        let rates = learningRates(step: step)
        for role in ParameterRole.allCases {
            let isTrained = step >= start(of: role) && recipe.learningRates[role, default: 0] > 0
            optimizer.setTrainable(role, isTrained)
        }
        var position = StepPosition(
            step: step, totalSteps: plan.totalSteps, epoch: plan.epoch(step: step), microBatch: 0,
            isBackboneTrained: step >= recipe.backboneStart
                && recipe.learningRates[.backbone, default: 0] > 0
                && optimizer.scalarCount(.backbone) > 0)
        var line = MetricsLine(step: step + 1)
        var loss = 0.0
        var parts: [String: Double] = [:]
        let share = 1 / Double(plan.accumulation)
        let key = RandomKey(seed: recipe.seed).child("step").child(step)
        optimizer.clearGradients()
        for microBatch in 0..<plan.accumulation {
            position.microBatch = microBatch
            let value = try accumulate(position, key: key.child(microBatch), share: share, &parts)
            loss += value * share
        }
        guard optimizer.hasGradients else {
            throw TrainingError(
                "no trainable parameter took part in the loss at step \(step + 1); a learning "
                    + "rate above 0 or an unfrozen layer is needed")
        }
        line.gradientNorm = try optimizer.update(rates: rates, step: step + 1)
        line.epoch = position.epoch
        line.loss = loss
        line.losses = parts
        line.learningRates = Dictionary(
            uniqueKeysWithValues: rates.map { ($0.key.rawValue, $0.value) })
        let pair = task.coefficients(step: step, totalSteps: plan.totalSteps)
        line.alpha = pair?.alpha
        line.beta = pair?.beta
        line.seconds = ProgressLine.seconds() - begin
        line.liveBytes = StoragePool.usage.live
        line.peakBytes = StoragePool.usage.peak
        line.residentPeakBytes = ResidentMemory.peak
        return line
    }

    /// One forward and backward pass; its gradients count `share` of the step's.
    private func accumulate(
        _ position: StepPosition, key: RandomKey, share: Double, _ parts: inout [String: Double]
    ) throws -> Double {
        let tape = Tape()
        let context = Context(tape: tape, isTraining: true, key: key)
        let samples = plan.samples(step: position.step, microBatch: position.microBatch)
        let losses = try task.losses(samples: samples, position: position, context: context)
        let value = losses.total.tensor.item
        let named = losses.named
        guard value.isFinite else {
            let wrong = named.first { !$0.value.isFinite }.map { " (\($0.name) is \($0.value))" }
            throw TrainingError(
                "the loss is \(value) at step \(position.step + 1)\(wrong ?? ""); lower the "
                    + "learning rate or lengthen the warm-up, and check the data of samples "
                    + samples.prefix(8).map(String.init).joined(separator: ", "))
        }
        for (name, part) in named { parts[name, default: 0] += part * share }
        let total = losses.total
        tape.backward(
            from: total,
            gradient: Tensor(repeating: share, shape: total.shape, dtype: total.tensor.dtype))
        return value
    }

    // MARK: Checkpoints and evaluation

    private func restore() throws -> Int {
        guard let checkpoint = try folder.latestCheckpoint(warn: progress.message) else {
            try folder.cutMetrics(after: 0)
            return 0
        }
        let step = checkpoint.step
        guard checkpoint.recipeFingerprint == fingerprint, checkpoint.seed == recipe.seed,
            checkpoint.position == plan.position(step: step), step <= plan.totalSteps,
            checkpoint.sampleCount == plan.order.sampleCount
        else {
            throw TrainingError(
                "\(folder.path): the recipe or the data differ from those of the checkpoint at "
                    + "step \(step); resume with the run's own recipe, or start a new run")
        }
        try checkpoint.load(into: parameters)
        try optimizer.restore(from: checkpoint.arrays, prefix: "optimizer.")
        try folder.cutMetrics(after: step)
        savedStep = step
        progress.message("going on after step \(step) of \(plan.totalSteps)")
        return step
    }

    private func save(_ step: Int) throws {
        guard step != savedStep else { return }
        let checkpoint = TrainingCheckpoint(
            step: step, position: plan.position(step: step),
            sampleCount: plan.order.sampleCount, seed: recipe.seed,
            recipeFingerprint: fingerprint,
            coefficients: task.coefficients(step: step - 1, totalSteps: plan.totalSteps),
            parameters: parameters, optimizer: optimizer)
        try folder.save(checkpoint, keep: recipe.checkpointsKept)
        savedStep = step
    }

    private func isEvaluationDue(after step: Int) -> Bool {
        step == plan.totalSteps || (recipe.evaluateEvery > 0 && step % recipe.evaluateEvery == 0)
    }

    private func evaluate(after step: Int) throws {
        let begin = ProgressLine.seconds()
        let scores = try withEvaluatedWeights {
            try task.evaluate(step: step, totalSteps: plan.totalSteps)
        }
        guard !scores.isEmpty else { return }
        var line = MetricsLine(step: step)
        line.seconds = ProgressLine.seconds() - begin
        line.evaluation = Dictionary(
            scores.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        try folder.append(line)
        let text = scores.map { "\($0.name) \(RunSummary.short($0.value))" }
        progress.message("evaluation after step \(step): \(text.joined(separator: ", "))")
    }

    /// Runs `body` with the weights to evaluate and predict with: the averaged ones, if any.
    package func withEvaluatedWeights<R>(_ body: () throws -> R) rethrows -> R {
        try optimizer.withAverages(body)
    }

    private func show(_ line: MetricsLine) {
        let loss = RunSummary.short(line.loss ?? .nan)
        let seconds = RunSummary.short(line.seconds ?? 0)
        progress.update(
            done: line.step, total: plan.totalSteps, "loss \(loss), \(seconds) s a step")
    }

    private func interrupted(after step: Int) -> TrainingError {
        TrainingError(
            "interrupted after step \(step) of \(plan.totalSteps); the checkpoint is saved, go on "
                + "with --resume \(folder.path)")
    }
}
