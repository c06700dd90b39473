// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// The dual-residual stage with exact reversal: one node whose backward rebuilds every input.
extension Stage {
    /// Keeps the pair (x_n, x_{n-1}) and the remainders; nothing else lives to the backward.
    ///
    /// A tail takes the merged stream in slices that are computed from the pair again.
    func exact(
        _ x: Variable, side: Variable?, plan: CoefficientPlan, _ context: Context, tail: Rerun?
    ) throws(ReversibleError) -> Variable {
        let needs = (input: x.needsGradient, side: side?.needsGradient ?? false)
        let start = x.tensor, p = side?.tensor, shape = x.shape, dtype = start.dtype
        let betas = Array(repeating: plan.outputBeta, count: shape[0])
        return try .rerunning([x, side].compactMap(\.self), context) {
            (watched, parts) throws(ReversibleError) in
            var (pair, remainders) = try advance(start, side: p, plan: plan, watched, parts: parts)
            func merged(_ slice: Rerun.Slice) -> Tensor { pair.merged(slice.input, beta: betas) }
            parts.current = branches.count
            let output =
                tail?.forward(watched, input: merged)
                ?? pair.merged(.all(of: start), beta: betas).reshaped(to: shape)
            // Where nobody asks for the gradient by the input, the walk back ends at what trains.
            let lowest = min(parts.first ?? branches.count, branches.count)
            remainders.removeFirst(lowest)
            return (
                output,
                { gradient in
                    var slope = consume gradient
                    if let tail {
                        slope =
                            tail.pullback(slope, to: shape, context, input: merged)
                            ?? Tensor(zeros: shape, dtype: dtype)
                    }
                    var byInput = consume slope
                    var bySide = needs.side ? Tensor(zeros: shape, dtype: dtype) : nil
                    reverse(
                        pair, &remainders, to: lowest, &byInput, &bySide, side: p, plan: plan,
                        context)
                    return [needs.input ? byInput : nil] + (p == nil ? [] : [bySide])
                }
            )
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
            let rerun = branch.rerun(x.shape, context)
            parts?.current = index
            do {
                remainders.append(
                    try pair.advance(coefficients: branch.streamCoefficients(k)) {
                        (write) throws(FixedPointPair.Overflow) in
                        for slice in rerun.slices {
                            let u = branch.input(
                                pair.currentValues(slice.input), slice, side: side)
                            let f = rerun.forward(slice, u, context)
                            try write(slice.output, branch.term(f, slice, side: side, k))
                        }
                    })
            } catch {
                throw .overflow(
                    stage: name, branch: branch.name, value: error.value, limit: error.limit)
            }
        }
        return (pair, remainders)
    }

    /// Branches backwards with their gradients: from the pair and the gradient by the merged output
    /// to the pair before branch `lowest` and the gradient by the input.
    ///
    /// Slice by slice, so that streams and gradients are touched while a slice is at hand.
    private func reverse(
        _ pair: FixedPointPair, _ remainders: inout [StreamRemainder], to lowest: Int,
        _ now: inout Tensor, _ bySide: inout Tensor?, side: Tensor?, plan: CoefficientPlan,
        _ context: Context
    ) {
        let beta = plan.outputBeta
        var before = now.scaled(by: beta / (1 + beta))
        now.scale(by: 1 / (1 + beta))
        for index in (lowest..<branches.count).reversed() {
            let branch = branches[index], rerun = branch.rerun(pair.shape, context)
            let k = coefficients(plan, index, branch, samples: pair.shape[0], context)
            pair.reverse(
                coefficients: branch.streamCoefficients(k), remainder: remainders.removeLast()
            ) { write in
                for slice in rerun.slices {
                    let rows = slice.input
                    let result = rerun.pullback(
                        slice, branch.input(pair.previousValues(rows), slice, side: side),
                        gradient: now.scaledRows(rows, by: k.map(\.branch)), context)
                    write(rows, branch.term(result.value, slice, side: side, k))
                    if branch.takesSide {
                        bySide?.addRows(rows, result.gradient, and: now, by: k.map(\.alpha))
                    }
                    Tensor.reverseDualGradient(
                        &now, &before, rows: rows, branch: result.gradient, coefficients: k)
                }
            }
        }
        now.add(before)
    }

    /// All branches backwards, to the pair that ``advance(_:side:plan:_:parts:)`` started from.
    package func retreat(
        _ pair: FixedPointPair, _ remainders: [StreamRemainder], side: Tensor? = nil,
        plan: CoefficientPlan, _ context: Context
    ) {
        for (index, branch) in branches.enumerated().reversed() {
            let k = coefficients(plan, index, branch, samples: pair.shape[0], context)
            let rerun = branch.rerun(pair.shape, context)
            pair.reverse(
                coefficients: branch.streamCoefficients(k), remainder: remainders[index]
            ) { write in
                for slice in rerun.slices {
                    let u = branch.input(pair.previousValues(slice.input), slice, side: side)
                    let f = rerun.forward(slice, u, context)
                    write(slice.output, branch.term(f, slice, side: side, k))
                }
            }
        }
    }
}
