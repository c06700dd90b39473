// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Sequence attention") struct SequenceAttentionTests {
    private func key(_ seed: UInt64) -> RandomKey { RandomKey(seed: seed) }

    /// Softmax attention worked out pair by pair.
    private func expected(_ qkv: Tensor, heads: Int, _ reach: AttentionReach) -> Tensor {
        let (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
        let depth = width / heads, x = qkv.doubles
        var result = [Double](repeating: 0, count: batch * tokens * width)
        for sample in 0..<batch {
            for head in 0..<heads {
                func at(_ token: Int, _ part: Int, _ d: Int) -> Double {
                    x[((sample * tokens + token) * 3 + part) * width + head * depth + d]
                }
                for query in 0..<reach.lengths[sample] {
                    let radius = reach.radius ?? tokens
                    let low = max(0, query - radius)
                    let high = min(reach.lengths[sample] - 1, query + radius)
                    let scores = (low...high).map { token in
                        (0..<depth).reduce(0.0) { $0 + at(query, 0, $1) * at(token, 1, $1) }
                            / Double(depth).squareRoot()
                    }
                    let weights = scores.map { exp($0) }
                    let total = weights.reduce(0, +)
                    for d in 0..<depth {
                        let value = zip(low...high, weights).reduce(0.0) {
                            $0 + $1.1 * at($1.0, 2, d)
                        }
                        result[(sample * tokens + query) * width + head * depth + d] = value / total
                    }
                }
            }
        }
        return Tensor(result, shape: [batch, tokens, width])
    }

    /// Several tiles of queries, samples of different lengths, one of them empty.
    @Test(arguments: [nil, 0, 2, 9, 50, 200] as [Int?])
    func onlyTokensInReachAreSeen(radius: Int?) {
        let lengths = [150, 131, 3, 0]
        let qkv = Tensor(normal: [4, 150, 24], key: key(1), dtype: .float64)
        let reach = AttentionReach(radius: radius, lengths: lengths)
        let wanted = expected(qkv, heads: 2, reach)
        let found = qkv.attention(heads: 2, reach: reach).result
        #expect(relativeError(found, wanted) < 1e-12)
        let single = qkv.converted(to: .float32)
        atEachLevel { level in
            let found = single.attention(heads: 2, reach: reach).result.converted(to: .float64)
            #expect(relativeError(found, wanted) < 2e-5, "\(level.name)")
        }
        let counts = withThreadCounts { single.attention(heads: 2, reach: reach).result }
        #expect(counts[0].isIdentical(to: counts[1]))
    }

    @Test func aReachOfAllIsTheWholeAttention() {
        let qkv = Tensor(normal: [2, 40, 12], key: key(2))
        let whole = qkv.attention(heads: 2).result
        let all = qkv.attention(heads: 2, reach: AttentionReach(radius: nil, lengths: [40, 40]))
        #expect(all.result.isIdentical(to: whole))
    }

    @Test(arguments: [(nil, [6, 4]), (1, [6, 4]), (2, [7, 0])] as [(Int?, [Int])])
    func gradientMatchesCentralDifferences(radius: Int?, lengths: [Int]) {
        let reach = AttentionReach(radius: radius, lengths: lengths)
        let qkv = Tensor(normal: [2, 7, 12], key: key(3), dtype: .float64)
        #expect(
            GradientCheck.worstError([qkv]) { $0[0].attention(heads: 2, reach: reach) } <= 1e-7)
    }

    /// Tiles overlap in their keys: their parts of the gradient add up.
    @Test func tiledGradientMatchesCentralDifferences() {
        let reach = AttentionReach(radius: 2, lengths: [70])
        let qkv = Tensor(normal: [1, 70, 6], key: key(4), dtype: .float64)
        #expect(
            GradientCheck.worstError([qkv]) { $0[0].attention(heads: 1, reach: reach) } <= 1e-7)
    }
}

@Suite("Depthwise convolution") struct DepthwiseConvolutionTests {
    /// Each channel by itself as an ordinary convolution.
    @Test(arguments: [(9, 3, 1, 1), (8, 3, 2, 1), (1, 3, 2, 1), (7, 5, 3, 0), (130, 3, 2, 1)])
    func matchesTheOrdinaryConvolution(length: Int, kernel: Int, stride: Int, padding: Int) {
        let channels = 70
        let x = Tensor(
            normal: [2, length, channels], key: RandomKey(seed: 5), dtype: .float64)
        let w = Tensor(normal: [channels, 1, kernel], key: RandomKey(seed: 6), dtype: .float64)
        var diagonal = [Double](repeating: 0, count: channels * channels * kernel)
        for (index, value) in w.doubles.enumerated() {
            let channel = index / kernel
            diagonal[(channel * channels + channel) * kernel + index % kernel] = value
        }
        let whole = Tensor(diagonal, shape: [channels, channels, kernel])
        let taps = Convolution1DShape(stride: stride, padding: padding)
        let wanted = x.convolved1D(whole, bias: nil, taps)
        #expect(relativeError(x.depthwiseConvolved1D(w, taps), wanted) < 1e-12)
        let single = (x.converted(to: .float32), w.converted(to: .float32))
        atEachLevel { level in
            let found = single.0.depthwiseConvolved1D(single.1, taps).converted(to: .float64)
            #expect(relativeError(found, wanted) < 1e-5, "\(level.name)")
        }
    }

    @Test(arguments: [(6, 1), (6, 2), (5, 2)])
    func gradientMatchesCentralDifferences(length: Int, stride: Int) {
        let inputs = [
            Tensor(normal: [2, length, 3], key: RandomKey(seed: 7), dtype: .float64),
            Tensor(normal: [3, 1, 3], key: RandomKey(seed: 8), dtype: .float64),
        ]
        let error = GradientCheck.worstError(inputs) {
            $0[0].depthwiseConv1d(weight: $0[1], stride: stride, padding: 1)
        }
        #expect(error <= 1e-8)
    }
}
