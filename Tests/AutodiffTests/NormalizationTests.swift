// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Normalization nodes") struct NormalizationTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test(arguments: [1, 3, 40]) func layerNormGradientsMatchCentralDifferences(rows: Int) {
        let error = GradientCheck.worstError([draw([rows, 7], 1), draw([7], 2), draw([7], 3)]) {
            $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-3)
        }
        #expect(error <= 1e-7)
    }

    @Test func frozenAffinePartsGetNoGradient() {
        let tape = Tape()
        let x = tape.input(draw([4, 7], 1))
        let bias = Parameter(draw([7], 3))
        let y = x.layerNorm(
            weight: Variable(draw([7], 2)), bias: tape.leaf(bias), epsilon: 1e-6)
        tape.backward(from: y)
        #expect(bias.gradient?.doubles == [Double](repeating: 4, count: 7))
        #expect(tape.gradient(of: x)?.shape == [4, 7])
    }
}
