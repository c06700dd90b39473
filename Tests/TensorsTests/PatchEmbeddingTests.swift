// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Patch embedding") struct PatchEmbeddingTests {
    private let key = RandomKey(seed: 21)

    /// A strided convolution in plain loops.
    private func reference(_ x: Tensor, _ w: Tensor, _ b: Tensor) -> Tensor {
        let (n, k, h, d) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let (c, p) = (w.shape[0], w.shape[3])
        let (image, weight, bias) = (x.doubles, w.doubles, b.doubles)
        var y: [Double] = []
        for sample in 0..<n {
            for row in 0..<h / p {
                for column in 0..<d / p {
                    for out in 0..<c {
                        var sum = bias[out]
                        for channel in 0..<k {
                            for i in 0..<p {
                                for j in 0..<p {
                                    let line = (sample * k + channel) * h + row * p + i
                                    let pixel = image[line * d + column * p + j]
                                    sum += pixel * weight[((out * k + channel) * p + i) * p + j]
                                }
                            }
                        }
                        y.append(sum)
                    }
                }
            }
        }
        return Tensor(y, shape: [n, (h / p) * (d / p), c])
    }

    @Test(arguments: [[2, 3, 28, 42, 14, 8], [1, 1, 5, 7, 2, 3], [3, 3, 80, 80, 4, 16]])
    func float32MatchesPlainLoops(sizes: [Int]) {
        let x = Tensor(normal: Array(sizes[..<4]), key: key.child(1))
        let w = Tensor(normal: [sizes[5], sizes[1], sizes[4], sizes[4]], key: key.child(2))
        let b = Tensor(normal: [sizes[5]], key: key.child(3))
        let expected = reference(x, w, b)
        atEachLevel { _ in
            let results = withThreadCounts { x.patchEmbedding(weight: w, bias: b) }
            #expect(relativeError(results[0], expected) < 3e-6)
            #expect(results[0].isIdentical(to: results[1]))
        }
    }

    /// More patches than one group holds: the parts add up to the product over all of them.
    @Test func weightGradientAddsGroups() {
        let x = Tensor(normal: [5, 1, 64, 64], key: key.child(1), dtype: .float64)
        let g = Tensor(normal: [5, 1024, 3], key: key.child(2), dtype: .float64)
        let whole = x.patchEmbeddingWeightGradient(of: g, shape: [3, 1, 2, 2])
        var sum = Tensor(zeros: [3, 1, 2, 2], dtype: .float64)
        for sample in 0..<5 {
            let rows = sample..<sample + 1
            sum.add(
                x.rows(rows).patchEmbeddingWeightGradient(of: g.rows(rows), shape: [3, 1, 2, 2]))
        }
        #expect(relativeError(whole, sum) < 1e-13)
    }
}
