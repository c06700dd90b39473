// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Token nodes") struct TokensTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test func gradientsMatchCentralDifferences() {
        let x = draw([2, 4, 3], 1)
        let errors = [
            GradientCheck.worstError([x, draw([1, 1, 3], 2)]) { $0[0].prependingToken($0[1]) },
            GradientCheck.worstError([x, draw([1, 4, 3], 3)]) { $0[0].addingToSamples($0[1]) },
            GradientCheck.worstError([x]) { $0[0].tokenSlice(1..<3) },
            GradientCheck.worstError([x]) { $0[0].tokenMean() },
            GradientCheck.worstError([x]) { $0[0].mixingTokens(by: draw([5, 4], 4)) },
            GradientCheck.worstError([x]) {
                $0[0].dropPath(rate: 0.5, key: RandomKey(seed: 8))
            },
        ]
        for (index, error) in errors.enumerated() { #expect(error <= 1e-8, "case \(index)") }
    }

    @Test func dropPathOfATileEqualsThatOfTheBatch() {
        let x = Variable(draw([16, 3, 2], 1)), key = RandomKey(seed: 4)
        let whole = x.dropPath(rate: 0.4, key: key).tensor
        let tile = Variable(x.tensor.rows(5..<9)).dropPath(rate: 0.4, key: key, sampleOffset: 5)
        #expect(tile.tensor.isIdentical(to: whole.rows(5..<9)))
    }

    @Test func dropPathKeepsTheMeanAndRestsInInference() {
        let x = Variable(Tensor(repeating: 1, shape: [4000, 1]))
        let context = Context(isTraining: true, key: RandomKey(seed: 4))
        let dropped = x.dropPath(rate: 0.25, context).tensor
        let allowed: Set<Float> = [0, 1 / 0.75]
        #expect(Set(dropped.floats) == allowed)
        #expect(abs(dropped.sum() / 4000 - 1) < 0.03)
        #expect(x.dropPath(rate: 0.25, .inference).tensor.isIdentical(to: x.tensor))
    }
}
