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
        let needs = (input: x.needsGradient, side: side?.needsGradient ?? false)
        let samples = x.shape[0], dtype = x.tensor.dtype, p = side?.tensor
        let ones = Array(repeating: 1.0, count: samples), beta = plan.outputBeta
        // The factor of the last dual stream is 1 where the output takes none of it.
        let end = StreamCoefficients(alpha: 0, beta: beta == 0 ? 1 : beta)
        func triples(_ index: Int) -> [StreamCoefficients] {
            index < branches.count
                ? coefficients(plan, index, branches[index], samples: samples, context)
                : Array(repeating: end, count: samples)
        }
        func betas(_ index: Int, inverse: Bool = false) -> Tensor {
            let betas = triples(index).map { inverse ? 1 / $0.beta : $0.beta }
            return Tensor(betas, shape: [samples], dtype: dtype)
        }
        return .rerunning([x, side].compactMap(\.self), context) { watched, parts in
            // y_i = β_{i+1}·x_{i-1}: the dual stream is stored with the factor of its next use.
            var current = x.tensor
            var dual = current.scalingRows(by: betas(0))
            for (index, branch) in branches.enumerated() {
                let k = triples(index), u = branch.input(current, side: p)
                parts.current = index
                let f = branch.forward(u, watched)
                let next = Tensor.combination(f, k.map(\.branch), u, k.map(\.alpha), dual, ones)
                dual = current.scalingRows(by: betas(index + 1))
                current = next
            }
            let output =
                beta == 0
                ? current
                : Tensor.axpby(1 / (1 + beta), current, beta / ((1 + beta) * end.beta), dual)
            let lowest = parts.first ?? 0
            return (
                output,
                { gradient in
                    var bySide = needs.side ? Tensor(zeros: gradient.shape, dtype: dtype) : nil
                    var before = gradient.scaled(by: beta / (1 + beta))
                    var now = consume gradient
                    now.scale(by: 1 / (1 + beta))
                    for index in (lowest..<branches.count).reversed() {
                        let branch = branches[index], k = triples(index)
                        let x = dual.scalingRows(by: betas(index + 1, inverse: true))
                        let u = branch.input(x, side: p)
                        let slope = Stage.scaled(now, by: k.map(\.branch))
                        let (f, byInput) = branch.pullback(u, gradient: slope, context)
                        dual = Tensor.combination(
                            f, k.map { -$0.branch }, u, k.map { -$0.alpha }, current, ones)
                        current = x
                        if branch.takesSide {
                            bySide?.addRows(.all(of: now), byInput, and: now, by: k.map(\.alpha))
                        }
                        Tensor.reverseDualGradient(
                            &now, &before, rows: .all(of: now), branch: byInput, coefficients: k)
                    }
                    now.add(before)
                    return [needs.input ? now : nil] + (p == nil ? [] : [bySide])
                }
            )
        }
    }
}
