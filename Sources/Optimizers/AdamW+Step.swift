// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Reversible
public import Tensors

/// Whole steps.
extension AdamW {
    /// One step: forward, backward, update.
    ///
    /// ```swift
    /// let optimizer = AdamW(model, rate: 1e-4)
    /// for (step, batch) in batches.enumerated() {
    ///     let loss = try optimizer.step(step, .dr2net(pair, .exact)) { context in
    ///         try model(Variable(batch.images), context).crossEntropy(batch.labels)
    ///     }.loss
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - number: The step's, from 0: rates, starts and random draws follow from it.
    ///   - way: How residual stages run.
    ///   - tile: Slices of `checkpointed` and `dr2net`; nil runs whole branches.
    ///   - key: Where the random draws of all steps come from.
    ///   - loss: What is minimised, one scalar on the context's tape.
    /// - Throws: ``OptimizerError`` for a loss or a gradient that isn't finite, and where no
    ///   parameter has a gradient; what `loss` throws. Nothing is changed then, unless the settings
    ///   ask for updates in the backward pass.
    @discardableResult
    public func step(
        _ number: Int, _ way: FinetuningWay = .conventional, tile: Tile? = nil,
        key: RandomKey = RandomKey(seed: 0), _ loss: (Context) throws -> Variable
    ) throws -> StepOutcome {
        try step(number, passes: 1, key: key) { context, _ in
            StepLosses(total: try loss(context.running(way, tile: tile)))
        }
    }

    /// One step of several forward and backward passes, whose losses count alike.
    ///
    /// - Parameters:
    ///   - number: The step's, from 0.
    ///   - passes: How many, over all processes.
    ///   - key: Where the random draws of all steps come from.
    ///   - sink: Where gradients go; nil where this process alone makes all passes.
    ///   - losses: The losses of one pass, by its number from 0.
    /// - Throws: as ``step(_:_:tile:key:_:)``, and what the sink throws.
    @discardableResult
    package func step(
        _ number: Int, passes: Int, key: RandomKey = RandomKey(seed: 0),
        into sink: (any GradientSink)? = nil,
        _ losses: (_ context: Context, _ pass: Int) throws -> StepLosses
    ) throws -> StepOutcome {
        let rates = rates(step: number)
        let sink = sink ?? self.sink(passes: passes, rates: rates, step: number + 1)
        setTrainable(step: number)
        clearGradients()
        let own = sink.passes(of: passes)
        var values: [PassLosses] = []
        for pass in own {
            sink.beginPass(isLast: pass == own.last)
            let tally =
                sink.takesInBackward ? GradientTally(slots.map(\.parameter), for: sink) : nil
            var context = Context(isTraining: true, key: key.pass(pass, ofStep: number))
            context.observer = tally
            values.append(
                try backward(context, share: 1 / Double(passes), step: number + 1) {
                    try losses($0, pass)
                })
            tally?.end()
            try sink.endPass()
        }
        var outcome = StepOutcome(try sink.exchange(values), rates: rates)
        outcome.gradientBytes = slots.reduce(0) { $0 + ($1.parameter.gradient?.byteCount ?? 0) }
        outcome.gradientNorm = try sink.update(self, rates: rates, step: number + 1)
        return outcome
    }

    /// Where gradients go by the settings.
    private func sink(passes: Int, rates: [String: Double], step: Int) -> any GradientSink {
        if settings.updatesInBackward {
            precondition(passes == 1, "AdamW: updates in the backward pass of \(passes) passes")
            return UpdateInBackward(self, rates: rates, step: step)
        }
        return passes > 1 ? SummedGradients(self) : HeldGradients()
    }

    /// One forward and backward pass; its gradients count `share` of the step's.
    private func backward(
        _ context: Context, share: Double, step: Int, _ losses: (Context) throws -> StepLosses
    ) throws -> PassLosses {
        var context = context
        let tape = Tape(for: context)
        context.tape = tape
        let losses = try losses(context)
        let total = losses.total, value = total.tensor.item
        guard value.isFinite else {
            let wrong = losses.named.first { !$0.value.isFinite }
            throw OptimizerError(
                kind: .loss,
                problem: "the loss is \(value) at step \(step)"
                    + (wrong.map { " (\($0.name) is \($0.value))" } ?? ""))
        }
        tape.backward(
            from: total,
            gradient: Tensor(repeating: share, shape: total.shape, dtype: total.tensor.dtype))
        return PassLosses(
            total: value, parts: Dictionary(losses.named.map { ($0.name, $0.value) }) { $0 + $1 })
    }
}
