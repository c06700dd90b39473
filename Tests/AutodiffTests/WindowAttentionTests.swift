// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Window attention node") struct WindowAttentionTests {
    private func normal(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    /// By the fused input and by the table of biases, through the lookup.
    @Test(arguments: [(3, 4, 2, 3, 0), (2, 9, 1, 8, 1), (4, 5, 2, 2, 4), (2, 1, 1, 2, 2)])
    func gradientMatchesCentralDifferences(
        windows: Int, tokens: Int, heads: Int, depth: Int, labelled: Int
    ) {
        let regions =
            labelled == 0 ? nil : (0..<labelled * tokens).map { Int32($0 % 2 + $0 / tokens) }
        let index = (0..<tokens * tokens).map { Int32($0 * 5 % 7) }
        let inputs = [normal([windows, tokens, 3 * heads * depth], 3), normal([7, heads], 4)]
        let worst = GradientCheck.worstError(inputs) {
            $0[0].windowAttention(
                heads: heads, bias: $0[1].relativeBias(index, tokens: tokens), regions: regions)
        }
        #expect(worst <= 1e-7)
    }

    @Test func constantsGetNoGradient() {
        let qkv = normal([2, 4, 6], 3), bias = normal([1, 4, 4], 4)
        for isConstant in [false, true] {
            let tape = Tape()
            let x = tape.input(qkv), b = tape.input(bias)
            let y =
                isConstant
                ? x.windowAttention(heads: 1, bias: Variable(bias), regions: nil)
                : Variable(qkv).windowAttention(heads: 1, bias: b, regions: nil)
            tape.backward(from: y)
            #expect((tape.gradient(of: x) != nil) == isConstant)
            #expect((tape.gradient(of: b) != nil) != isConstant)
        }
    }
}
