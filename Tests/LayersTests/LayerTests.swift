// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Layers") struct LayerTests {
    private let key = RandomKey(seed: 31)

    /// The worst error of the gradients by the input and by every parameter.
    private func worstError(
        _ module: any Module, _ shape: [Int], _ call: (Variable, Context) -> Variable
    ) -> Double {
        let parameters = module.namedParameters.map(\.parameter)
        for (index, parameter) in parameters.enumerated() {
            // Weights away from their special starting values.
            parameter.tensor = Tensor(
                normal: parameter.shape, standardDeviation: 0.5,
                key: key.child("parameter").child(index), dtype: .float64)
        }
        let x = Tensor(normal: shape, key: key.child("input"), dtype: .float64)
        let start = parameters.map(\.tensor)
        let byInput = GradientCheck.worstError([x]) { call($0[0], Context(tape: $0[0].tape)) }
        module.clearGradients()
        let tape = Tape()
        let output = call(tape.input(x), Context(tape: tape))
        let weights = Tensor(normal: output.shape, key: key.child("weights"), dtype: .float64)
        tape.backward(from: output, gradient: weights)
        var worst = byInput
        for (index, parameter) in parameters.enumerated() {
            let analytic = parameter.gradient?.doubles ?? []
            #expect(analytic.count == parameter.tensor.count)
            var numeric: [Double] = []
            let values = start[index].doubles
            for position in values.indices {
                func value(_ delta: Double) -> Double {
                    var moved = values
                    moved[position] += delta
                    parameter.tensor = Tensor(moved, shape: parameter.shape)
                    return call(Variable(x), .inference).tensor.dot(weights)
                }
                numeric.append((value(1e-5) - value(-1e-5)) / 2e-5)
            }
            parameter.tensor = start[index]
            let size = max(1e-3, numeric.map { abs($0) }.max() ?? 0)
            for (a, n) in zip(analytic, numeric) { worst = max(worst, abs(a - n) / size) }
        }
        return worst
    }

    @Test func attentionGradientsMatchCentralDifferences() {
        let apart = MultiHeadAttention(4, heads: 2, biases: .queriesAndValues, key: key)
        #expect(
            apart.namedParameters.map(\.name)
                == ["q_bias", "v_bias", "qkv.weight", "proj.weight", "proj.bias"])
        #expect(worstError(apart, [2, 3, 4]) { apart($0, $1) } <= 1e-6)
        // Padded, shifted windows, whole and a part of them.
        let windows = WindowPartition(
            grid: [3, 5], window: [2, 3], shift: [1, 1], rule: .padding)
        let attention = WindowAttention(4, heads: 2, window: [2, 3], key: key)
        #expect(
            attention.namedParameters.map(\.name) == [
                "relative_position_bias_table", "qkv.weight", "qkv.bias", "proj.weight",
                "proj.bias",
            ])
        let index = WindowPartition.relativeIndex(window: [2, 3], tokens: 6)
        func call(_ slots: WindowPartition.Slots) -> (Variable, Context) -> Variable {
            { attention($0, slots: slots, index: index, tokens: 6, $1) }
        }
        #expect(worstError(attention, [30, 4], call(windows.slots(samples: 2))) <= 1e-6)
        let part = windows.slots(1..<3)
        #expect(worstError(attention, [part.places.count, 4], call(part)) <= 1e-6)
    }

    @Test func gradientsMatchCentralDifferences() {
        let linear = Linear(4, 3, key: key)
        #expect(worstError(linear, [2, 3, 4]) { linear($0, $1) } <= 1e-7)
        let plain = Linear(4, 3, hasBias: false, key: key)
        #expect(worstError(plain, [5, 4]) { plain($0, $1) } <= 1e-7)
        let norm = LayerNorm(5)
        #expect(worstError(norm, [2, 3, 5]) { norm($0, $1) } <= 1e-7)
        let scale = LayerScale(5)
        #expect(worstError(scale, [2, 3, 5]) { scale($0, $1) } <= 1e-7)
        let mlp = MLP(4, hidden: 6, key: key)
        #expect(worstError(mlp, [2, 3, 4]) { mlp($0, $1) } <= 1e-7)
        let attention = MultiHeadAttention(4, heads: 2, key: key)
        #expect(worstError(attention, [2, 5, 4]) { attention($0, $1) } <= 1e-7)
        let patches = PatchEmbedding(4, patch: [2, 2], channels: 2, key: key)
        #expect(worstError(patches, [2, 2, 4, 6]) { patches($0, $1) } <= 1e-7)
    }

    @Test func layersOfMapsHaveTheirGradients() {
        let convolution = Conv2d(3, 4, kernel: 3, stride: 2, key: key)
        #expect(convolution.namedParameters.map(\.name) == ["weight", "bias"])
        #expect(worstError(convolution, [2, 4, 5, 3]) { convolution($0, $1, relu: true) } <= 1e-7)
        let plain = Conv2d(3, 2, kernel: 1, hasBias: false, key: key)
        #expect(worstError(plain, [1, 2, 3, 3]) { plain($0, $1) } <= 1e-7)
        let transposed = ConvTranspose2d(3, 2, key: key)
        #expect(worstError(transposed, [1, 2, 3, 3]) { transposed($0, $1) } <= 1e-7)
        let norm = GroupNorm(groups: 2, channels: 4)
        #expect(worstError(norm, [2, 3, 2, 4]) { norm($0, $1, relu: true) } <= 1e-7)
    }

    @Test func convolutionsStartWithAVarianceOfOneOverTheirInputs() {
        let values = Conv2d(40, 50, kernel: 3, key: key).weight.tensor.doubles
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(variance * 360 - 1) < 0.03)
        let normal = Conv2d(40, 50, kernel: 3, standardDeviation: 0.01, key: key)
        let square = normal.weight.tensor.doubles.reduce(0) { $0 + $1 * $1 } / 18_000
        #expect(abs(square / 1e-4 - 1) < 0.05)
        #expect(normal.bias?.tensor.floats == [Float](repeating: 0, count: 50))
    }

    @Test func startsAsVisionTransformersDo() {
        let linear = Linear(400, 100, key: key)
        let values = linear.weight.tensor.doubles
        #expect(values.allSatisfy { abs($0) <= 0.04 })
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        // A normal distribution cut at two deviations has 0.8796 of its deviation.
        #expect(abs(variance.squareRoot() / (0.02 * 0.8796) - 1) < 0.01)
        #expect(linear.bias?.tensor.floats == [Float](repeating: 0, count: 100))
        #expect(LayerNorm(3).weight.tensor.floats == [1, 1, 1])
        #expect(LayerScale(2, initial: 0.5).gamma.tensor.floats == [0.5, 0.5])
        let mlp = MLP(8, hidden: 8, key: key)
        #expect(!mlp.fc1.weight.tensor.isIdentical(to: mlp.fc2.weight.tensor))
    }
}
