// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// The dual-residual stage reversed in the working precision, as the paper writes it:
/// x_{i-1} = y_i / β, y_{i-1} = x_i - c·F_i(x_{i-1}) - α·x_{i-1}.
///
/// Kept for comparison and for the gradient-error map: each division by β multiplies rounding.
extension Stage {
    func float(
        _ x: Variable, side: Variable?, plan: CoefficientPlan, _ context: Context
    ) -> Variable {
        guard let tape = context.tape else { return x }
        let input = x.needsGradient ? x : tape.input(x.tensor)
        let samples = x.shape[0], dtype = x.tensor.dtype
        let shared = side?.tensor, needsSide = side?.needsGradient ?? false
        func betas(_ k: [StreamCoefficients]) -> Tensor {
            Tensor(k.map(\.beta), shape: [samples], dtype: dtype)
        }
        func inverseBetas(_ k: [StreamCoefficients]) -> Tensor {
            Tensor(k.map { 1 / $0.beta }, shape: [samples], dtype: dtype)
        }
        let (watched, parts) = TrainedParts.watching(context)
        // y_i = β_{i+1}·x_{i-1}: the dual stream is stored with the factor of its next use.
        var current = x.tensor
        var dual = x.tensor
        for (index, branch) in branches.enumerated() {
            let k = coefficients(plan, index, branch, samples: samples, context)
            if index == 0 { dual = x.tensor.scalingRows(by: betas(k)) }
            let input = branch.input(current, side: shared)
            parts.current = index
            let f = branch.forward(input, watched)
            let next = Tensor.combination(
                f, k.map(\.branch), input, k.map(\.alpha), dual,
                Array(repeating: 1, count: samples))
            let following =
                index + 1 < branches.count
                ? coefficients(plan, index + 1, branches[index + 1], samples: samples, context)
                : Array(
                    repeating: StreamCoefficients(alpha: 0, beta: endBeta(plan)), count: samples)
            dual = current.scalingRows(by: betas(following))
            current = next
        }
        let beta = plan.outputBeta
        let output =
            beta == 0
            ? current
            : Tensor.axpby(
                1 / (1 + beta), current, beta / ((1 + beta) * endBeta(plan)), dual)
        let needsInput = x.needsGradient
        guard needsInput || needsSide || parts.first != nil else { return Variable(output) }
        let lowest = needsInput || needsSide ? 0 : parts.first ?? 0
        let state = FloatState(current: current, dual: dual)
        return Variable.operation(output, inputs: [input] + (side.map { [$0] } ?? [])) { gradient in
            var sideGradient = needsSide ? Tensor(zeros: gradient.shape, dtype: dtype) : nil
            var before = gradient.scaled(by: beta / (1 + beta))
            var now = consume gradient
            now.scale(by: 1 / (1 + beta))
            var following = Array(
                repeating: StreamCoefficients(alpha: 0, beta: endBeta(plan)), count: samples)
            for index in (lowest..<branches.count).reversed() {
                let branch = branches[index]
                let k = coefficients(plan, index, branch, samples: samples, context)
                let x = state.dual.scalingRows(by: inverseBetas(following))
                let u = branch.input(x, side: shared)
                let slope = Stage.scaled(now, by: k.map(\.branch))
                let result = branch.pullback(u, gradient: slope, context)
                state.dual = Tensor.combination(
                    result.value, k.map { -$0.branch }, u, k.map { -$0.alpha }, state.current,
                    Array(repeating: 1, count: samples))
                state.current = x
                if branch.takesSide {
                    sideGradient?.addRows(
                        .all(of: now), result.gradient, and: now, by: k.map(\.alpha))
                }
                Tensor.reverseDualGradient(
                    &now, &before, rows: .all(of: now), branch: result.gradient, coefficients: k)
                following = k
            }
            now.add(before)
            return [needsInput ? now : nil] + (shared == nil ? [] : [sideGradient])
        }
    }

    /// The factor of the last dual stream; 1 where the output takes none of it.
    private func endBeta(_ plan: CoefficientPlan) -> Double {
        plan.outputBeta == 0 ? 1 : plan.outputBeta
    }
}

/// The two streams, which the backward walks back.
private final class FloatState {
    var current: Tensor
    var dual: Tensor

    init(current: Tensor, dual: Tensor) {
        self.current = current
        self.dual = dual
    }
}
