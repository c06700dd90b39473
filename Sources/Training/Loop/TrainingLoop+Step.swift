// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Console
import Files
import Layers
import Optimizers
import Reversible
import Tensors

/// One step: gradients of its micro-batches, one update, a line of metrics.
extension TrainingLoop {
    func train(_ step: Int) throws -> MetricsLine {
        let begin = ProgressLine.seconds(), recipe = plan.training
        StoragePool.resetPeak()
        _ = task.loadTimer.take()
        let rates = optimizer.rates(step: step)
        optimizer.setTrainable(step: step)
        var position = StepPosition(
            step: step, epoch: plan.epoch(step: step), microBatch: 0,
            isBackboneTrained: plan.finetuning.way != .frozen && step >= recipe.backboneStart
                && recipe.learningRates[.backbone, default: 0] > 0
                && optimizer.scalarCount(ParameterRole.backbone.rawValue) > 0)
        var line = MetricsLine(step: step + 1)
        var loss = 0.0
        var parts: [String: Double] = [:]
        let share = 1 / Double(recipe.accumulation)
        optimizer.clearGradients()
        var values: [RankReport.Losses] = []
        immediate?.begin(rates: rates, step: step + 1)
        let own = Array(stride(from: rank, to: recipe.accumulation, by: rankCount))
        for microBatch in own {
            position.microBatch = microBatch
            if microBatch == own.last { ranks?.sum.beginLastRound() }
            sum?.begin()
            values.append(
                try accumulate(position, key: plan.key(step: step, microBatch: microBatch)))
            try sum?.end()
        }
        sum?.finish()
        for losses in try ranks?.exchange(values) ?? values {
            loss += losses.total * share
            for (name, part) in losses.parts { parts[name, default: 0] += part * share }
        }
        line.gradientNorm =
            try immediate?.norm()
            ?? optimizer.update(rates: rates, step: step + 1) { try ranks?.merged($0) ?? $0 }
        try ranks?.shareWeights(of: optimizer)
        line.epoch = position.epoch
        line.loss = loss
        line.losses = parts
        line.learningRates = rates
        let pair = plan.coefficients(step: step)
        line.alpha = pair?.alpha
        line.beta = pair?.beta
        line.seconds = ProgressLine.seconds() - begin
        line.loadSeconds = task.loadTimer.take()
        line.liveBytes = StoragePool.usage.live
        line.peakBytes = StoragePool.usage.peak
        line.residentPeakBytes = ResidentMemory.peak
        return line
    }

    /// One forward and backward pass; its gradients count its share of the step's.
    private func accumulate(_ position: StepPosition, key: RandomKey) throws -> RankReport.Losses {
        var context = Context(isTraining: true, key: key)
            .running(plan.way(position, key: key), tile: task.tile)
        context.observer = sum
        let tape = Tape(for: context)
        context.tape = tape
        let samples = plan.samples(step: position.step, microBatch: position.microBatch)
        let losses = try task.losses(samples: samples, position: position, context: context)
        let value = losses.total.tensor.item
        let named = losses.named
        guard value.isFinite else {
            let wrong = named.first { !$0.value.isFinite }.map { " (\($0.name) is \($0.value))" }
            let sources = samples.prefix(8).map { sample in
                task.source(of: sample, epoch: position.epoch).map { "\(sample) (\($0))" }
                    ?? String(sample)
            }
            throw InputError(
                "the loss is \(value) at step \(position.step + 1)\(wrong ?? ""); lower the "
                    + "learning rate or lengthen the warm-up, and check the data of samples "
                    + sources.joined(separator: ", ")
                    + (samples.count > 8 ? " and \(samples.count - 8) more" : ""))
        }
        let total = losses.total, share = 1 / Double(plan.training.accumulation)
        tape.backward(
            from: total,
            gradient: Tensor(repeating: share, shape: total.shape, dtype: total.tensor.dtype))
        return RankReport.Losses(
            total: value, parts: Dictionary(named.map { ($0.name, $0.value) }) { $0 + $1 })
    }
}
