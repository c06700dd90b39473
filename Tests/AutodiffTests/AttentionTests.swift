// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Attention node") struct AttentionTests {
    @Test(arguments: [(2, 2, 2, 3), (1, 5, 3, 2), (2, 17, 1, 4)])
    func gradientMatchesCentralDifferences(batch: Int, tokens: Int, heads: Int, depth: Int) {
        let qkv = Tensor(
            normal: [batch, tokens, 3 * heads * depth], key: RandomKey(seed: 3), dtype: .float64)
        #expect(GradientCheck.worstError([qkv]) { $0[0].attention(heads: heads) } <= 1e-7)
    }

    @Test("with dropout the gradient is that of central differences, whole and in bands")
    func gradientWithDropout() {
        let qkv = Tensor(normal: [2, 7, 3 * 2 * 3], key: RandomKey(seed: 3), dtype: .float64)
        let dropout = AttentionDropout(rate: 0.4, key: RandomKey(seed: 9))
        for reach in [nil, AttentionReach(radius: 2, lengths: [7, 6])] {
            let error = GradientCheck.worstError([qkv]) {
                $0[0].attention(heads: 2, reach: reach, dropout: dropout)
            }
            #expect(error <= 1e-7)
        }
    }

    @Test("dropout takes weights away at its rate and scales the others, the same in every tiling")
    func dropoutOfWeights() {
        // Values are the unit matrix, so that the result is the weights.
        let tokens = 64, rate = 0.25
        var values = Tensor(
            normal: [3, tokens, 3 * tokens], key: RandomKey(seed: 4), dtype: .float64
        ).doubles
        for row in 0..<3 * tokens {
            for column in 0..<tokens {
                values[row * 3 * tokens + 2 * tokens + column] = row % tokens == column ? 1 : 0
            }
        }
        let qkv = Tensor(values, shape: [3, tokens, 3 * tokens])
        let key = RandomKey(seed: 5)
        let whole = qkv.attention(heads: 1).result.doubles
        let dropped = qkv.attention(
            heads: 1, dropout: AttentionDropout(rate: rate, key: key)
        ).result
        var zeros = 0
        for (own, weight) in zip(dropped.doubles, whole) {
            if own == 0 { zeros += 1 } else { #expect(abs(own * 0.75 - weight) < 1e-12) }
        }
        #expect(abs(Double(zeros) / Double(whole.count) - rate) < 0.02)
        let last = qkv.rows(2..<3).attention(
            heads: 1, dropout: AttentionDropout(rate: rate, key: key, firstSample: 2))
        #expect(last.result.isIdentical(to: dropped.rows(2..<3)))
        let band = qkv.attention(
            heads: 1, reach: AttentionReach(radius: tokens, lengths: [64, 64, 64]),
            dropout: AttentionDropout(rate: rate, key: key))
        #expect(band.result.isIdentical(to: dropped))
    }

    /// Several query tiles, of which the last is short.
    @Test func tiledGradientMatchesTheComposedOne() {
        let (tokens, depth) = (900, 4)
        let qkv = Tensor(normal: [1, tokens, 3 * depth], key: RandomKey(seed: 4), dtype: .float64)
        let weights = Tensor(
            normal: [1, tokens, depth], key: RandomKey(seed: 5), dtype: .float64)
        let tape = Tape()
        let x = tape.input(qkv)
        tape.backward(from: x.attention(heads: 1), gradient: weights)
        let values = qkv.doubles
        func part(_ at: Int) -> Tensor {
            var chosen: [Double] = []
            for t in 0..<tokens {
                let first = t * 3 * depth + at * depth
                chosen += values[first..<first + depth]
            }
            return Tensor(chosen, shape: [tokens, depth])
        }
        let (q, k, v) = (part(0), part(1), part(2))
        let g = weights.reshaped(to: [tokens, depth])
        let scale = 1 / Double(depth).squareRoot()
        let ones = Tensor(repeating: 1, shape: [tokens, 1], dtype: .float64)
        var p = q.matmul(k, transposingOther: true).scaled(by: scale).mapped(by: .exponential)
        let rowSums = p.matmul(ones).doubles
        p = p.scalingRows(by: Tensor(rowSums.map { 1 / $0 }, shape: [tokens]))
        let dp = g.matmul(v, transposingOther: true)
        let dots = (p * dp).matmul(ones).doubles
        let ds = Tensor.axpby(
            scale, p * dp, -scale, p.scalingRows(by: Tensor(dots, shape: [tokens])))
        let parts = [
            ds.matmul(k), ds.matmul(q, transposingSelf: true), p.matmul(g, transposingSelf: true),
        ].map(\.doubles)
        var expected: [Double] = []
        for t in 0..<tokens {
            for part in parts { expected += part[t * depth..<(t + 1) * depth] }
        }
        guard let gradient = tape.gradient(of: x) else {
            Issue.record("no gradient")
            return
        }
        #expect(relativeError(gradient, Tensor(expected, shape: qkv.shape)) < 1e-12)
    }
}
