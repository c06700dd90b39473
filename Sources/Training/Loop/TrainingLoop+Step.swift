// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Console
import Files
import Optimizers
import Reversible
import Tensors

/// One step and its line of metrics.
extension TrainingLoop {
    func train(_ step: Int) throws -> MetricsLine {
        let begin = ProgressLine.seconds(), recipe = plan.training
        StoragePool.resetPeak()
        _ = task.loadTimer.take()
        var position = StepPosition(
            step: step, epoch: plan.epoch(step: step), microBatch: 0,
            isBackboneTrained: plan.finetuning.way != .frozen && step >= recipe.backboneStart
                && trainsBackbone)
        let outcome: StepOutcome
        do {
            outcome = try optimizer.step(
                step, passes: recipe.accumulation, key: RandomKey(seed: recipe.seed), into: ranks
            ) { context, pass in
                position.microBatch = pass
                return try task.losses(
                    samples: plan.samples(step: step, microBatch: pass), position: position,
                    context: context.running(
                        plan.way(position, key: context.key), tile: task.tile))
            }
        } catch let error as OptimizerError {
            throw InputError(error, data: sources(position))
        }
        var line = MetricsLine(step: step + 1)
        line.epoch = position.epoch
        line.loss = outcome.loss
        line.losses = outcome.parts
        line.gradientNorm = outcome.gradientNorm
        line.learningRates = outcome.rates
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

    /// What the first samples of a pass are cut from.
    private func sources(_ position: StepPosition) -> String {
        let samples = plan.samples(step: position.step, microBatch: position.microBatch)
        let sources = samples.prefix(8).map { sample in
            task.source(of: sample, epoch: position.epoch).map { "\(sample) (\($0))" }
                ?? String(sample)
        }
        return sources.joined(separator: ", ")
            + (samples.count > 8 ? " and \(samples.count - 8) more" : "")
    }
}
