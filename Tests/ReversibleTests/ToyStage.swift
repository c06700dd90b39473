// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport

/// A stage of MLP branches on real layers' operations, small enough for many branches.
struct ToyStage {
    let parameters: [Parameter]
    let stage: Stage

    /// - Parameter scale: Size of each branch beside the stream.
    init(
        branches: Int, width: Int = 8, scale: Double = 0.5, dropPathRate: Double = 0,
        unit: Branch.Unit = .token, dtype: DType = .float32, seed: UInt64 = 5
    ) {
        let key = RandomKey(seed: seed)
        var parameters: [Parameter] = []
        var list: [Branch] = []
        for index in 0..<branches {
            let key = key.child(index)
            func draw(_ shape: [Int], _ deviation: Double, _ name: String, _ mean: Double = 0)
                -> Parameter
            {
                let noise = Tensor(
                    normal: shape, standardDeviation: deviation, key: key.child(name),
                    dtype: .float64)
                let values = noise.doubles.map { Double(Float($0 + mean)) }
                return Parameter(Tensor(values, shape: shape, dtype: dtype))
            }
            let gain = draw([width], 0.1, "gain", 1), shift = draw([width], 0.1, "shift")
            let up = draw([2 * width, width], 1 / Double(width).squareRoot(), "up")
            let upBias = draw([2 * width], 0.1, "up bias")
            let down = draw([width, 2 * width], scale / Double(2 * width).squareRoot(), "down")
            parameters += [gain, shift, up, upBias, down]
            list.append(
                Branch(name: "\(index)", unit: unit, dropPathRate: dropPathRate) { x, context in
                    x.layerNorm(
                        weight: context.use(gain), bias: context.use(shift), epsilon: 1e-6
                    ).linearGELU(weight: context.use(up), bias: context.use(upBias))
                        .linear(weight: context.use(down))
                })
        }
        self.parameters = parameters
        stage = Stage(name: "toy", branches: list, branchesPerBlock: 2)
    }

    /// The gradients of Σ weights·output by every parameter and, last, by the input.
    func gradients(
        _ x: Tensor, way: FinetuningWay, tile: Tile? = nil, isTraining: Bool = false,
        key: RandomKey = RandomKey(seed: 3)
    ) throws -> (output: Tensor, gradients: [Tensor]) {
        try exclusively { try run(x, way, tile, isTraining, key) }
    }

    private func run(
        _ x: Tensor, _ way: FinetuningWay, _ tile: Tile?, _ isTraining: Bool, _ key: RandomKey
    ) throws -> (output: Tensor, gradients: [Tensor]) {
        for parameter in parameters { parameter.gradient = nil }
        let tape = Tape()
        let input = tape.input(x)
        let context = Context(tape: tape, isTraining: isTraining, key: key)
        let output = try stage(input, context.running(way, tile: tile))
        let weights = Tensor(
            uniform: x.shape, in: -1...1, key: RandomKey(seed: 9), dtype: .float64
        ).converted(to: x.dtype)
        let value = output.tensor
        tape.backward(from: output, gradient: weights)
        let gradients =
            parameters.compactMap(\.gradient) + [tape.gradient(of: input)].compactMap { $0 }
        return (value, gradients)
    }

    /// The same gradients by ordinary backpropagation through the recurrence.
    func ordinaryGradients(
        _ x: Tensor, plan: CoefficientPlan, isTraining: Bool = false
    ) -> (output: Tensor, gradients: [Tensor]) {
        for parameter in parameters { parameter.gradient = nil }
        let tape = Tape()
        let input = tape.input(x)
        let context = Context(tape: tape, isTraining: isTraining, key: RandomKey(seed: 3))
        let samples = x.shape[0]
        var current = input, previous = input
        for (index, branch) in stage.branches.enumerated() {
            let k = stage.coefficients(plan, index, branch, samples: samples, context)
            func weighted(_ v: Variable, _ factors: [Double]) -> Variable {
                v.scalingRows(by: Tensor(factors, shape: [samples], dtype: x.dtype))
            }
            let next =
                weighted(branch.value(current, context), k.map(\.branch))
                + weighted(current, k.map(\.alpha)) + weighted(previous, k.map(\.beta))
            previous = current
            current = next
        }
        let beta = plan.outputBeta
        let output = current.scaled(by: 1 / (1 + beta)) + previous.scaled(by: beta / (1 + beta))
        let weights = Tensor(
            uniform: x.shape, in: -1...1, key: RandomKey(seed: 9), dtype: .float64
        ).converted(to: x.dtype)
        let value = output.tensor
        tape.backward(from: output, gradient: weights)
        let gradients =
            parameters.compactMap(\.gradient) + [tape.gradient(of: input)].compactMap { $0 }
        return (value, gradients)
    }

    /// An input with float32-representable values.
    static func input(_ shape: [Int], dtype: DType = .float32) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: 1), dtype: .float32).converted(to: dtype)
    }
}
