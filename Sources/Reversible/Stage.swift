// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// A run of residual branches of constant shape: what a backbone describes to get every way of
/// finetuning.
package struct Stage {
    /// The name in error messages.
    package let name: String
    /// The branches F_1 … F_n in order.
    package let branches: [Branch]
    /// Branches a residual block: what `checkpointed` keeps one tensor for.
    package let branchesPerBlock: Int

    /// A stage.
    package init(name: String, branches: [Branch], branchesPerBlock: Int) {
        precondition(branchesPerBlock > 0, "a block of \(branchesPerBlock) branches")
        self.name = name
        self.branches = branches
        self.branchesPerBlock = branchesPerBlock
    }

    /// Runs the stage, and the layers behind it, one way.
    ///
    /// - Parameters:
    ///   - x: `[samples, ..., C]`.
    ///   - way: How; without a tape, `conventional`, `checkpointed` and `frozen` are the same.
    ///   - tile: Slices for `checkpointed` and `dr2net`; nil runs whole branches.
    ///   - context: The step's tape, mode and key.
    ///   - tail: Layers behind the stage where nobody else needs its output: the exact arithmetic
    ///     then doesn't keep it, other ways but `conventional` keep it and nothing of the layers.
    /// - Returns: The stage's output, of the shape of `x`, or that of the tail.
    /// - Throws: ``ReversibleError`` where a stream leaves the range of the exact arithmetic.
    package func callAsFunction(
        _ x: Variable, way: FinetuningWay, tile: Tile? = nil, _ context: Context,
        tail: SlicedLayers? = nil
    ) throws(ReversibleError) -> Variable {
        if context.tape != nil, case .dr2net(let plan, .exact) = way {
            checkReversible(plan)
            return try exact(x, plan: plan, tile: tile, context, tail: tail)
        }
        let output = try run(x, way: way, tile: tile, context)
        guard let tail else { return output }
        return way == .conventional
            ? tail(output, context) : tail.recomputing(output, tile: tile?.tokens, context)
    }

    private func checkReversible(_ plan: CoefficientPlan) {
        precondition(
            branches.isEmpty || plan.coefficients(branch: 0, sample: 0).beta != 0,
            "dr2net trains at β = 0: not reversible")
    }

    private func run(
        _ x: Variable, way: FinetuningWay, tile: Tile?, _ context: Context
    ) throws(ReversibleError) -> Variable {
        guard context.tape != nil else { return Variable(try infer(x.tensor, way, tile, context)) }
        switch way {
        case .conventional:
            return branches.reduce(x) { x, branch in x + branchOutput(branch, x, context) }
        case .checkpointed:
            return checkpointed(x, tile: tile, context)
        case .frozen:
            return Variable(try infer(x.tensor, way, tile, context))
        case .dr2net(let plan, let arithmetic):
            checkReversible(plan)
            switch arithmetic {
            case .exact: return try exact(x, plan: plan, tile: tile, context, tail: nil)
            case .float: return float(x, plan: plan, tile: tile, context)
            }
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
        _ x: Tensor, _ way: FinetuningWay, _ tile: Tile?, _ context: Context
    ) throws(ReversibleError) -> Tensor {
        guard case .dr2net(let plan, _) = way, !plan.isPretrained else {
            return branches.reduce(x) { x, branch in
                let f = branch.forward(x, tile: tile, context)
                return x + Stage.scaled(f, by: branch.pathFactors(samples: x.shape[0], context))
            }
        }
        var current = x, previous = x
        for (index, branch) in branches.enumerated() {
            let f = branch.forward(current, tile: tile, context)
            let k = coefficients(plan, index, branch, samples: x.shape[0], context)
            let next = Tensor.combination(
                f, k.map(\.branch), current, k.map(\.alpha), previous, k.map(\.beta))
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
