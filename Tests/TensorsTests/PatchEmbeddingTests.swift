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

    /// A clip's tubelets are the sum over their frames of image patches.
    @Test(arguments: [[2, 3, 5, 10, 14, 2, 4, 8], [1, 2, 8, 72, 70, 4, 4, 3]])
    func clipsAreSumsOverFrames(sizes: [Int]) {
        let (n, k, frames, t, p, c) = (sizes[0], sizes[1], sizes[2], sizes[5], sizes[6], sizes[7])
        let (h, d) = (sizes[3], sizes[4])
        let x = Tensor(normal: [n, k, frames, h, d], key: key.child(1), dtype: .float64)
        let w = Tensor(normal: [c, k, t, p, p], key: key.child(2), dtype: .float64)
        let b = Tensor(normal: [c], key: key.child(3), dtype: .float64)
        let g = Tensor(
            normal: [n, frames / t * (h / p) * (d / p), c], key: key.child(4), dtype: .float64)
        func frame(_ v: Tensor, _ f: Int) -> Tensor {
            let shape = v.shape
            return v.slice(f..<f + 1, axis: 2).reshaped(
                to: [shape[0], shape[1], shape[3], shape[4]])
        }
        let zero = Tensor(zeros: [c], dtype: .float64)
        let steps = (0..<frames / t).map { step in
            (0..<t).map { reference(frame(x, step * t + $0), frame(w, $0), $0 == 0 ? b : zero) }
                .reduce(Tensor(zeros: [n, (h / p) * (d / p), c], dtype: .float64), +)
        }
        let expected = Tensor.concatenated(steps, axis: 1)
        let results = withThreadCounts { x.patchEmbedding(weight: w, bias: b) }
        #expect(relativeError(results[0], expected) < 1e-13)
        #expect(results[0].isIdentical(to: results[1]))
        // The weight's gradient a frame of the tubelet at a time.
        let gradient = withThreadCounts { x.patchEmbeddingWeightGradient(of: g, shape: w.shape) }
        #expect(gradient[0].isIdentical(to: gradient[1]))
        for f in 0..<t {
            var sum = Tensor(zeros: [c, k, p, p], dtype: .float64)
            for step in 0..<frames / t {
                let tokens = (h / p) * (d / p)
                sum.add(
                    frame(x, step * t + f).patchEmbeddingWeightGradient(
                        of: g.tokenSlice(step * tokens..<(step + 1) * tokens), shape: [c, k, p, p]))
            }
            #expect(relativeError(frame(gradient[0], f), sum) < 1e-12)
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
