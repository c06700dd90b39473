// SPDX-License-Identifier: Apache-2.0
public import Autodiff
package import Tensors

/// A run of residual branches of constant shape: what a backbone describes to get every way of
/// finetuning.
public struct Stage {
    /// The name in error messages.
    public let name: String
    /// The branches F_1 … F_n in order.
    public let branches: [Branch]
    /// Branches a residual block: what `checkpointed` keeps one tensor for.
    public let branchesPerBlock: Int

    /// A stage.
    public init(name: String, branches: [Branch], branchesPerBlock: Int) {
        precondition(branchesPerBlock > 0, "a block of \(branchesPerBlock) branches")
        self.name = name
        self.branches = branches
        self.branchesPerBlock = branchesPerBlock
    }

    /// Whether a branch takes a side input.
    public var takesSide: Bool { branches.contains(where: \.takesSide) }

    /// Runs the stage the context's way.
    ///
    /// A branch that takes the side input p sees u = x + p in place of x, and so does the
    /// pretrained residual; the reversible residual doesn't:
    /// x_i = c·F_i(x_{i-1} + p) + α·(x_{i-1} + p) + β·x_{i-2}.
    ///
    /// - Parameters:
    ///   - x: `[samples, ..., C]`.
    ///   - side: The side input p, of the shape of `x`, shared by all branches that take one
    ///     (positions that are added again before each block); it gets its gradient in every way
    ///     but `frozen`.
    ///   - context: The step's tape, mode and key, the way and the tile; without a tape,
    ///     `conventional`, `checkpointed` and `frozen` are the same.
    /// - Returns: The stage's output, of the shape of `x`.
    /// - Throws: ``ReversibleError`` where a stream leaves the range of the exact arithmetic.
    public func callAsFunction(
        _ x: Variable, side: Variable? = nil, _ context: Context
    ) throws(ReversibleError) -> Variable {
        try self(x, side: side, context, tail: nil)
    }

    /// Runs the stage and the layers behind it.
    ///
    /// - Parameter tail: Layers behind the stage where nobody else needs its output: the exact
    ///   arithmetic then doesn't keep it, other ways but `conventional` keep it and nothing of the
    ///   layers.
    /// - Returns: The output of the tail, or without one that of the stage.
    /// - Throws: ``ReversibleError`` where a stream leaves the range of the exact arithmetic.
    package func callAsFunction(
        _ x: Variable, side: Variable? = nil, _ context: Context, tail: Rerun?
    ) throws(ReversibleError) -> Variable {
        check(x.shape, side: side?.shape)
        if context.tape != nil, case .dr2net(let plan, .exact) = context.way {
            checkReversible(plan)
            return try exact(x, side: side, plan: plan, context, tail: tail)
        }
        let output = try run(x, side, context)
        guard let tail else { return output }
        return context.way == .conventional
            ? tail.recorded(output, context) : tail(output, context)
    }

    private func check(_ shape: [Int], side: [Int]?) {
        precondition(
            takesSide ? side == shape : side == nil,
            "stage \(name): an input of shape \(shape) with a side input of "
                + "\(side.map { "shape \($0)" } ?? "no shape")")
    }

    private func checkReversible(_ plan: CoefficientPlan) {
        precondition(
            branches.isEmpty || plan.coefficients(branch: 0, sample: 0).beta != 0,
            "dr2net trains at β = 0: not reversible")
    }

    private func run(
        _ x: Variable, _ side: Variable?, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let isRecorded = context.tape != nil
        switch context.way {
        case .conventional where isRecorded:
            return branches.reduce(x) { x, branch in
                let u = branch.takesSide ? side.map { x + $0 } ?? x : x
                return u + branchOutput(branch, u, context)
            }
        case .checkpointed where isRecorded:
            return checkpointed(x, side: side, context)
        case .dr2net(let plan, .float) where isRecorded:
            checkReversible(plan)
            return float(x, side: side, plan: plan, context)
        default:
            return Variable(try infer(x.tensor, side?.tensor, context))
        }
    }

    private func branchOutput(_ branch: Branch, _ x: Variable, _ context: Context) -> Variable {
        let output = branch.value(x, context)
        guard let factors = branch.pathFactors(samples: x.shape[0], context) else { return output }
        return output.scalingRows(
            by: Tensor(factors, shape: [factors.count], dtype: x.tensor.dtype))
    }

    /// The output without a tape: the recurrence in the working precision.
    private func infer(
        _ x: Tensor, _ side: Tensor?, _ context: Context
    ) throws(ReversibleError) -> Tensor {
        guard case .dr2net(let plan, _) = context.way, !plan.isPretrained else {
            return branches.reduce(x) { x, branch in
                let u = branch.input(x, side: side)
                let f = branch.forward(u, context)
                return u + Stage.scaled(f, by: branch.pathFactors(samples: x.shape[0], context))
            }
        }
        var current = x, previous = x
        for (index, branch) in branches.enumerated() {
            let u = branch.input(current, side: side)
            let f = branch.forward(u, context)
            let k = coefficients(plan, index, branch, samples: x.shape[0], context)
            let next = Tensor.combination(
                f, k.map(\.branch), u, k.map(\.alpha), previous, k.map(\.beta))
            previous = current
            current = next
        }
        let beta = plan.outputBeta
        return Tensor.axpby(1 / (1 + beta), current, beta / (1 + beta), previous)
    }

    /// Each sample times its factor; `x` itself where every factor is 1.
    static func scaled(_ x: Tensor, by factors: [Double]?) -> Tensor {
        guard let factors, factors.contains(where: { $0 != 1 }) else { return x }
        return x.scalingRows(by: Tensor(factors, shape: [factors.count], dtype: x.dtype))
    }

    /// The triples of a branch, one a sample, with drop path in c.
    package func coefficients(
        _ plan: CoefficientPlan, _ index: Int, _ branch: Branch, samples: Int, _ context: Context
    ) -> [StreamCoefficients] {
        let factors = branch.pathFactors(samples: samples, context)
        return (0..<samples).map { sample in
            var triple = plan.coefficients(branch: index, sample: context.sampleOffset + sample)
            if let factors { triple.branch *= factors[sample] }
            return triple
        }
    }
}
