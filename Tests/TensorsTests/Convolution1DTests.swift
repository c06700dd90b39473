import Tensors
// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite("Convolution along time", .serialized) struct Convolution1DTests {
    struct Case: Sendable {
        let batch: Int, length: Int, inputs: Int, outputs: Int, kernel: Int, stride: Int
        let padding: Int
    }

    static let cases = [
        Case(batch: 2, length: 9, inputs: 3, outputs: 5, kernel: 3, stride: 1, padding: 1),
        Case(batch: 1, length: 10, inputs: 2, outputs: 4, kernel: 3, stride: 2, padding: 1),
        Case(batch: 3, length: 7, inputs: 4, outputs: 1, kernel: 1, stride: 1, padding: 0),
        Case(batch: 1, length: 12, inputs: 3, outputs: 2, kernel: 3, stride: 3, padding: 0),
        Case(batch: 1, length: 2, inputs: 2, outputs: 2, kernel: 5, stride: 1, padding: 3),
        Case(batch: 1, length: 300, inputs: 70, outputs: 70, kernel: 3, stride: 1, padding: 1),
    ]

    private func tensors(_ c: Case) -> (x: Tensor, w: Tensor, b: Tensor) {
        let key = RandomKey(seed: 3)
        return (
            Tensor(
                normal: [c.batch, c.length, c.inputs], key: key.child("x"), dtype: .float64),
            Tensor(
                normal: [c.outputs, c.inputs, c.kernel], key: key.child("w"), dtype: .float64),
            Tensor(normal: [c.outputs], key: key.child("b"), dtype: .float64)
        )
    }

    /// Every (output position, tap) pair that reads inside the sequence.
    private func pairs(_ c: Case, _ body: (Int, Int, Int) -> Void) {
        for t in 0..<(c.length + 2 * c.padding - c.kernel) / c.stride + 1 {
            for k in 0..<c.kernel {
                let source = t * c.stride - c.padding + k
                if source >= 0 && source < c.length { body(t, k, source) }
            }
        }
    }

    private func naive(_ c: Case) -> Tensor {
        let (x, w, b) = tensors(c)
        let xs = x.doubles, ws = w.doubles, bs = b.doubles
        let newLength = (c.length + 2 * c.padding - c.kernel) / c.stride + 1
        var out = (0..<c.batch * newLength * c.outputs).map { bs[$0 % c.outputs] }
        for n in 0..<c.batch {
            pairs(c) { t, k, source in
                for o in 0..<c.outputs {
                    for i in 0..<c.inputs {
                        out[(n * newLength + t) * c.outputs + o] +=
                            xs[(n * c.length + source) * c.inputs + i]
                            * ws[(o * c.inputs + i) * c.kernel + k]
                    }
                }
            }
        }
        return Tensor(out, shape: [c.batch, newLength, c.outputs])
    }

    @Test(arguments: cases) func equalsTheSumOverTaps(_ c: Case) {
        let (x, w, b) = tensors(c), taps = Convolution1DShape(stride: c.stride, padding: c.padding)
        let expected = naive(c)
        #expect(relativeError(x.convolved1D(w, bias: b, taps), expected) < 1e-13)
        let single = x.converted(to: .float32).convolved1D(
            w.converted(to: .float32), bias: b.converted(to: .float32), taps)
        #expect(relativeError(single, expected) < 1e-5)
    }

    /// <conv(x), g> = <x, convᵀ(g)> = <w, weight gradient>, for any g.
    @Test(arguments: cases) func hasItsAdjoints(_ c: Case) {
        let (x, w, _) = tensors(c), taps = Convolution1DShape(stride: c.stride, padding: c.padding)
        let y = x.convolved1D(w, bias: nil, taps)
        let g = Tensor(normal: y.shape, key: RandomKey(seed: 8), dtype: .float64)
        let product = y.dot(g)
        let byInput = g.convolution1DInputGradient(w, length: c.length, taps).dot(x)
        let byWeight = g.convolution1DWeightGradient(x, kernel: c.kernel, taps).dot(w)
        #expect(abs(byInput - product) < 1e-10 * max(1, abs(product)))
        #expect(abs(byWeight - product) < 1e-10 * max(1, abs(product)))
    }

    @Test func threadsChangeNoBit() {
        let key = RandomKey(seed: 5), taps = Convolution1DShape(stride: 1, padding: 1)
        let x = Tensor(normal: [2, 300, 40], key: key.child(0))
        let w = Tensor(normal: [130, 40, 3], key: key.child(1))
        let results = withThreadCounts { () -> [Tensor] in
            let y = x.convolved1D(w, bias: nil, taps)
            return [
                y, y.convolution1DInputGradient(w, length: 300, taps),
                y.convolution1DWeightGradient(x, kernel: 3, taps),
            ]
        }
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }
}
