// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors

/// One step: gradients of its micro-batches, one update, a line of metrics.
extension TrainingLoop {
    /// The learning rate of each role at a step, counted from 0.
    package func learningRates(step: Int) -> [ParameterRole: Double] {
        recipe.learningRates.reduce(into: [:]) { rates, pair in
            rates[pair.key] = pair.value * schedule.factor(step: step, start: start(of: pair.key))
        }
    }

    private func start(of role: ParameterRole) -> Int {
        role == .backbone ? recipe.backboneStart : 0
    }

    func train(_ step: Int) throws -> MetricsLine {
        let begin = ProgressLine.seconds()
        StoragePool.resetPeak()
        _ = task.loadTimer.take()
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
        line.loadSeconds = task.loadTimer.take()
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
}
