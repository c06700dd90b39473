// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport
import Testing

/// Attention-like and MLP-like branches, every other one with the side input, in float64.
private struct SideStage {
    let weights: [Parameter]
    let stage: Stage

    init(branches count: Int = 4, dropPathRate: Double = 0, unit: Branch.Unit = .token) {
        let width = 8
        let weights = (0..<count).map {
            Parameter(
                Tensor(
                    normal: [width, width], standardDeviation: 0.2,
                    key: RandomKey(seed: 21).child($0), dtype: .float64))
        }
        self.weights = weights
        let branches = (0..<count).map { index in
            Branch(
                name: "\(index)", unit: unit, dropPathRate: dropPathRate,
                takesSide: index % 2 == 0
            ) { x, context in
                x.gelu().linear(weight: context.use(weights[index]))
            }
        }
        stage = Stage(name: "side", branches: branches, branchesPerBlock: 2)
    }

    struct Result {
        let output: Tensor
        let gradients: [Tensor]
    }

    /// Σ weights·output: the output and the gradients by the input, the side input, parameters.
    func run(
        _ x: Tensor, _ side: Tensor, _ way: FinetuningWay, tile: Tile? = nil,
        isTraining: Bool = false
    ) throws -> Result {
        try result(x, side, isTraining) { input, shared, context in
            try stage(input, side: shared, context.running(way, tile: tile))
        }
    }

    /// The same by ordinary backpropagation through the recurrence.
    func ordinary(_ x: Tensor, _ side: Tensor, _ plan: CoefficientPlan, isTraining: Bool = false)
        -> Result
    {
        result(x, side, isTraining) { Self.recurrence(stage, $0, $1, plan, $2) }
    }

    private func result(
        _ x: Tensor, _ side: Tensor, _ isTraining: Bool,
        _ forward: (Variable, Variable, Context) throws -> Variable
    ) rethrows -> Result {
        for weight in weights { weight.gradient = nil }
        let tape = Tape(), input = tape.input(x), shared = tape.input(side)
        let output = try forward(
            input, shared, Context(tape: tape, isTraining: isTraining, key: RandomKey(seed: 3)))
        let value = output.tensor
        tape.backward(
            from: output,
            gradient: Tensor(uniform: x.shape, in: -1...1, key: RandomKey(seed: 77), dtype: x.dtype)
        )
        return Result(
            output: value,
            gradients: [tape.gradient(of: input), tape.gradient(of: shared)].compactMap(\.self)
                + weights.compactMap(\.gradient))
    }

    /// x_i = c·F(u) + α·u + β·x_{i-2} with u = x_{i-1} + p in the branches that take p.
    static func recurrence(
        _ stage: Stage, _ x: Variable, _ side: Variable, _ plan: CoefficientPlan,
        _ context: Context
    ) -> Variable {
        let samples = x.shape[0]
        func weighted(_ v: Variable, _ factors: [Double]) -> Variable {
            v.scalingRows(by: Tensor(factors, shape: [samples], dtype: x.tensor.dtype))
        }
        var current = x, previous = x
        for (index, branch) in stage.branches.enumerated() {
            let k = stage.coefficients(plan, index, branch, samples: samples, context)
            let u = branch.takesSide ? current + side : current
            let next =
                weighted(branch.value(u, context), k.map(\.branch)) + weighted(u, k.map(\.alpha))
                + weighted(previous, k.map(\.beta))
            previous = current
            current = next
        }
        let beta = plan.outputBeta
        return current.scaled(by: 1 / (1 + beta)) + previous.scaled(by: beta / (1 + beta))
    }
}

private func uniform(_ alpha: Double, _ beta: Double, _ c: Double = 1) -> CoefficientPlan {
    .uniform(StreamCoefficients(alpha: alpha, beta: beta, branch: c))
}

private let shape = [3, 5, 8]
private let x = Tensor(normal: shape, key: RandomKey(seed: 1), dtype: .float64)
private let side = Tensor(normal: shape, key: RandomKey(seed: 2), dtype: .float64)

@Suite("side input of a stage")
struct SideInputTests {
    @Test("the ways of the pretrained network have the gradients of central differences")
    func pretrainedGradients() throws {
        let toy = SideStage()
        let error = GradientCheck.worstError([x, side] + toy.weights.map(\.tensor)) { inputs in
            for (weight, input) in zip(toy.weights, inputs.dropFirst(2)) {
                weight.tensor = input.tensor
            }
            var z = inputs[0]
            for (index, weight) in inputs.dropFirst(2).enumerated() {
                let u = index % 2 == 0 ? z + inputs[1] : z
                z = u + u.gelu().linear(weight: weight)
            }
            return z
        }
        #expect(error < 1e-7)
        let plain = toy.ordinary(x, side, .pretrained)
        for way in [FinetuningWay.conventional, .checkpointed] {
            for tile in [nil, Tile(tokens: 4)] {
                let result = try toy.run(x, side, way, tile: tile)
                #expect(result.gradients.count == 2 + toy.weights.count)
                #expect(relativeError(result.output, plain.output) < 1e-12)
                for (a, b) in zip(result.gradients, plain.gradients) {
                    #expect(relativeError(a, b) < 1e-12, "\(way)")
                }
            }
        }
        let frozen = try toy.stage(
            Variable(x), side: Variable(side), Context(tape: Tape()).running(.frozen))
        #expect(relativeError(frozen.tensor, plain.output) < 1e-12)
        let plainForm = try toy.stage(
            Variable(x), side: Variable(side),
            .inference.running(.dr2net(.pretrained, .exact)))
        #expect(relativeError(plainForm.tensor, plain.output) < 1e-12)
    }

    @Test(
        "the dual network has the gradients of ordinary backpropagation, tiled or whole",
        arguments: [
            uniform(1, 0.1), uniform(15.0 / 16, 1.0 / 16), uniform(0.5, 0.5), uniform(0, 1),
            uniform(1.9, -0.9, 0.1),
        ])
    func dualGradients(plan: CoefficientPlan) throws {
        for (rate, unit) in [(0.0, Branch.Unit.token), (0.4, .sample)] {
            let toy = SideStage(dropPathRate: rate, unit: unit)
            let reference = toy.ordinary(x, side, plan, isTraining: true)
            for arithmetic in [ReversalArithmetic.exact, .float] {
                for tile in [nil, Tile(tokens: 4), Tile(tokens: 7)] {
                    let result = try toy.run(
                        x, side, .dr2net(plan, arithmetic), tile: tile, isTraining: true)
                    #expect(result.gradients.count == 2 + toy.weights.count)
                    #expect(relativeError(result.output, reference.output) < 1e-7)
                    for (a, b) in zip(result.gradients, reference.gradients) {
                        #expect(relativeError(a, b) < 1e-6, "\(arithmetic), \(plan)")
                    }
                }
            }
            let evaluated = try toy.stage(
                Variable(x), side: Variable(side),
                Context(isTraining: true, key: RandomKey(seed: 3))
                    .running(.dr2net(plan, .exact)))
            #expect(relativeError(evaluated.tensor, reference.output) < 1e-12)
        }
    }

    @Test("the recurrence with a side input has the gradients of central differences")
    func recurrenceGradients() {
        let toy = SideStage()
        let error = GradientCheck.worstError([x, side]) {
            SideStage.recurrence(toy.stage, $0[0], $0[1], uniform(0.7, 0.3), .inference)
        }
        #expect(error < 1e-7)
    }

    @Test("the input pair comes back bit for bit", arguments: [nil, 4])
    func reversesExactly(tokens: Int?) throws {
        let tile = tokens.map { Tile(tokens: $0) }
        for (stage, dtype) in [
            (SideStage(branches: 12).stage, DType.float64),
            (SideStage(branches: 12, dropPathRate: 0.4, unit: .sample).stage, .float64),
        ] {
            let training = Context(isTraining: true)
            try exclusively {
                let start = try FixedPointPair(x, fractionBits: FixedPointPair.fractionBits(for: x))
                for plan in [uniform(1, 0.1), uniform(0.9375, 0.0625), uniform(1.9, -0.9, 0.1)] {
                    let context = training.running(.dr2net(plan, .exact), tile: tile)
                    let (pair, remainders) = try stage.advance(
                        x, side: side.converted(to: dtype), plan: plan, context)
                    #expect(!pair.isIdentical(to: start))
                    stage.retreat(pair, remainders, side: side, plan: plan, context)
                    #expect(pair.isIdentical(to: start))
                }
            }
        }
    }

    @Test("one thread and two give the same bits")
    func threadsAgree() throws {
        let large = Tensor(normal: [4, 700, 8], key: RandomKey(seed: 5), dtype: .float64)
        let toy = SideStage()
        let plan = uniform(15.0 / 16, 1.0 / 16)
        for way in [FinetuningWay.checkpointed, .dr2net(plan, .exact), .dr2net(plan, .float)] {
            let results = try withThreadCounts {
                try toy.run(large, large.scaled(by: 0.5), way, tile: Tile(tokens: 999))
            }
            #expect(results[0].output.isIdentical(to: results[1].output))
            for (a, b) in zip(results[0].gradients, results[1].gradients) {
                #expect(a.isIdentical(to: b))
            }
        }
    }
}
