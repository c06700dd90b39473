// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// The dual-residual stage with exact reversal: one node whose backward rebuilds every input.
extension Stage {
    /// Keeps the pair (x_n, x_{n-1}) and the remainders; nothing else lives to the backward.
    ///
    /// A tail takes the merged stream in slices that are computed from the pair again.
    func exact(
        _ x: Variable, side: Variable?, plan: CoefficientPlan, _ context: Context,
        tail: SlicedLayers?
    ) throws(ReversibleError) -> Variable {
        guard let tape = context.tape else { return x }
        let input = x.needsGradient ? x : tape.input(x.tensor)
        let samples = x.shape[0], shape = x.shape, dtype = x.tensor.dtype
        let shared = side?.tensor, needsSide = side?.needsGradient ?? false
        let (watched, parts) = TrainedParts.watching(context)
        let forward = try advance(x.tensor, side: shared, plan: plan, watched, parts: parts)
        let beta = plan.outputBeta
        let betas = Array(repeating: beta, count: samples)
        let state = ReversalState(pair: forward.pair, remainders: forward.remainders)
        func merged(_ rows: Range<Int>) -> Tensor { state.pair.merged(.run(rows), beta: betas) }
        parts.current = branches.count
        let output =
            tail?.forward(tile: context.tile?.tokens, dtype: dtype, watched, input: merged)
            ?? state.pair.merged(.all(of: x.tensor), beta: betas).reshaped(to: shape)
        // Where nobody asks for the gradient by the input, the walk back ends at what trains.
        let needsInput = x.needsGradient
        guard needsInput || needsSide || parts.first != nil else { return Variable(output) }
        let lowest = needsInput || needsSide ? 0 : min(parts.first ?? 0, branches.count)
        state.remainders.removeFirst(lowest)
        return Variable.operation(output, inputs: [input] + (side.map { [$0] } ?? [])) { gradient in
            var sideGradient = needsSide ? Tensor(zeros: shape, dtype: dtype) : nil
            var now = consume gradient
            if let tail {
                now = tail.pullback(
                    consume now, tile: context.tile?.tokens, context, input: merged
                ).reshaped(to: shape)
            }
            var before = now.scaled(by: beta / (1 + beta))
            now.scale(by: 1 / (1 + beta))
            for index in (lowest..<branches.count).reversed() {
                let branch = branches[index]
                let k = coefficients(plan, index, branch, samples: samples, context)
                let remainder = state.remainders.removeLast()
                // Tile by tile, so that streams and gradients are touched while a tile is at hand.
                state.pair.reverse(
                    coefficients: branch.streamCoefficients(k), remainder: remainder
                ) { write in
                    for part in branch.parts(shape, context.tile) {
                        let result = branch.pullback(
                            branch.input(state.pair.previousValues(part.rows), part, side: shared),
                            now.scaledRows(part.rows, by: k.map(\.branch)), part, context)
                        write(part.rows, branch.term(result.value, part, side: shared, k))
                        if branch.takesSide {
                            sideGradient?.addRows(
                                part.rows, result.gradient, and: now, by: k.map(\.alpha))
                        }
                        Tensor.reverseDualGradient(
                            &now, &before, rows: part.rows, branch: result.gradient,
                            coefficients: k)
                    }
                }
            }
            now.add(before)
            return [needsInput ? now : nil] + (shared == nil ? [] : [sideGradient])
        }
    }

    /// All branches forwards on a fresh pair.
    package func advance(
        _ x: Tensor, side: Tensor? = nil, plan: CoefficientPlan, _ context: Context,
        parts: TrainedParts? = nil
    ) throws(ReversibleError) -> (pair: FixedPointPair, remainders: [StreamRemainder]) {
        let pair: FixedPointPair
        do { pair = try FixedPointPair(x, fractionBits: FixedPointPair.fractionBits(for: x)) } catch
        {
            throw .overflow(stage: name, branch: "input", value: error.value, limit: error.limit)
        }
        var remainders: [StreamRemainder] = []
        for (index, branch) in branches.enumerated() {
            let k = coefficients(plan, index, branch, samples: x.shape[0], context)
            parts?.current = index
            do {
                remainders.append(
                    try pair.advance(coefficients: branch.streamCoefficients(k)) {
                        (write) throws(FixedPointPair.Overflow) in
                        for part in branch.parts(x.shape, context.tile) {
                            let u = branch.input(pair.currentValues(part.rows), part, side: side)
                            let f = branch.forward(u, part, context)
                            try write(part.rows, branch.term(f, part, side: side, k))
                        }
                    })
            } catch {
                throw .overflow(
                    stage: name, branch: branch.name, value: error.value, limit: error.limit)
            }
        }
        return (pair, remainders)
    }

    /// All branches backwards, to the pair that ``advance(_:side:plan:_:parts:)`` started from.
    package func retreat(
        _ pair: FixedPointPair, _ remainders: [StreamRemainder], side: Tensor? = nil,
        plan: CoefficientPlan, _ context: Context
    ) {
        for (index, branch) in branches.enumerated().reversed() {
            let k = coefficients(plan, index, branch, samples: pair.shape[0], context)
            pair.reverse(
                coefficients: branch.streamCoefficients(k), remainder: remainders[index]
            ) { write in
                for part in branch.parts(pair.shape, context.tile) {
                    let u = branch.input(pair.previousValues(part.rows), part, side: side)
                    let f = branch.forward(u, part, context)
                    write(part.rows, branch.term(f, part, side: side, k))
                }
            }
        }
    }
}

/// What the node keeps between forward and backward; the backward consumes it.
private final class ReversalState {
    let pair: FixedPointPair
    var remainders: [StreamRemainder]

    init(pair: FixedPointPair, remainders: [StreamRemainder]) {
        self.pair = pair
        self.remainders = remainders
    }
}
