// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Attention") struct AttentionTests {
    /// Softmax attention in plain loops.
    private func reference(_ qkv: Tensor, heads: Int) -> Tensor {
        let (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
        let depth = width / heads
        let x = qkv.doubles
        var y = [Double](repeating: 0, count: batch * tokens * width)
        for b in 0..<batch {
            for h in 0..<heads {
                func at(_ token: Int, _ part: Int) -> Int {
                    (b * tokens + token) * 3 * width + part * width + h * depth
                }
                for i in 0..<tokens {
                    let scores = (0..<tokens).map { j in
                        exp(
                            (0..<depth).reduce(0.0) {
                                $0 + x[at(i, 0) + $1] * x[at(j, 1) + $1]
                            } / Double(depth).squareRoot())
                    }
                    let sum = scores.reduce(0, +)
                    for d in 0..<depth {
                        y[(b * tokens + i) * width + h * depth + d] =
                            (0..<tokens).reduce(0.0) { $0 + scores[$1] * x[at($1, 2) + d] } / sum
                    }
                }
            }
        }
        return Tensor(y, shape: [batch, tokens, width])
    }

    @Test(arguments: [(2, 2, 1, 5), (2, 17, 3, 8), (1, 65, 2, 16), (1, 401, 1, 4)])
    func float32MatchesPlainLoops(batch: Int, tokens: Int, heads: Int, depth: Int) {
        let qkv = Tensor(normal: [batch, tokens, 3 * heads * depth], key: RandomKey(seed: 2))
        let expected = reference(qkv, heads: heads)
        atEachLevel { _ in
            #expect(relativeError(qkv.attention(heads: heads).result, expected) < 3e-6)
        }
    }

    @Test func float32GradientMatchesFloat64() {
        let qkv = Tensor(normal: [2, 401, 36], key: RandomKey(seed: 2))
        let g = Tensor(normal: [2, 401, 12], key: RandomKey(seed: 3))
        func gradient(_ dtype: DType) -> Tensor {
            let x = qkv.converted(to: dtype)
            let (result, logSums) = x.attention(heads: 3)
            return x.attentionGradient(
                of: g.converted(to: dtype), result: result, logSums: logSums, heads: 3)
        }
        let exact = gradient(.float64)
        atEachLevel { _ in
            let rounded = withThreadCounts { gradient(.float32) }
            #expect(relativeError(rounded[0], exact) < 3e-6)
            #expect(rounded[0].isIdentical(to: rounded[1]))
        }
    }

    @Test func largeScoresStayFinite() {
        var qkv = Tensor(normal: [1, 33, 24], key: RandomKey(seed: 2))
        qkv.scale(by: 100)
        let isFinite = qkv.attention(heads: 2).result.floats.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    /// The full matrix would be tokens * tokens * heads scalars a sample.
    @Test func neverHoldsTheMatrixOfWeights() {
        let (tokens, heads) = (1024, 6)
        let qkv = Tensor(normal: [1, tokens, 3 * heads * 8], key: RandomKey(seed: 2))
        let (forward, backward) = exclusively {
            let forward = StoragePool.measure { qkv.attention(heads: heads) }
            let (result, logSums) = forward.result
            let backward = StoragePool.measure {
                qkv.attentionGradient(of: result, result: result, logSums: logSums, heads: heads)
            }
            return (forward.peak, backward.peak)
        }
        let tile = 128 * (tokens + 1) * 4 * Parallel.threadCount
        // Other tests run beside this one: allow them half the matrix.
        let matrix = tokens * tokens * heads * 4
        #expect(forward < tile + 2 * qkv.byteCount + matrix / 4)
        #expect(backward < 2 * tile + 2 * qkv.byteCount + matrix / 4)
        #expect(2 * tile + 2 * qkv.byteCount + matrix / 4 < matrix / 2)
    }
}
