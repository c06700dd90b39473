// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Convolution of maps", .serialized) struct Convolution2DTests {
    struct Case: Sendable {
        let samples: Int, height: Int, width: Int, inputs: Int, outputs: Int, kernel: Int
        let stride: Int, padding: Int

        init(_ sizes: [Int], kernel: Int, stride: Int, padding: Int) {
            (samples, height, width, inputs, outputs) =
                (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
        }
    }

    static let cases = [
        Case([2, 5, 7, 3, 4], kernel: 3, stride: 1, padding: 1),
        Case([1, 6, 5, 2, 3], kernel: 3, stride: 2, padding: 1),
        Case([2, 3, 4, 5, 2], kernel: 1, stride: 1, padding: 0),
        Case([1, 5, 4, 3, 2], kernel: 1, stride: 2, padding: 0),
        Case([1, 1, 2, 2, 3], kernel: 3, stride: 1, padding: 1),
        Case([2, 4, 6, 3, 2], kernel: 2, stride: 2, padding: 0),
        Case([1, 8, 7, 2, 2], kernel: 3, stride: 3, padding: 2),
        Case([1, 2, 3, 2, 1], kernel: 5, stride: 1, padding: 4),
        // More pixels than a tile, more outputs than a piece.
        Case([1, 40, 33, 12, 70], kernel: 3, stride: 1, padding: 1),
        Case([1, 65, 70, 4, 3], kernel: 3, stride: 2, padding: 1),
    ]

    private func tensors(_ c: Case) -> (x: Tensor, w: Tensor, b: Tensor) {
        let key = RandomKey(seed: 3)
        func draw(_ shape: [Int], _ name: String) -> Tensor {
            Tensor(normal: shape, key: key.child(name), dtype: .float64)
        }
        return (
            draw([c.samples, c.height, c.width, c.inputs], "x"),
            draw([c.outputs, c.inputs, c.kernel, c.kernel], "w"), draw([c.outputs], "b")
        )
    }

    private func naive(_ c: Case) -> Tensor {
        let (x, w, b) = tensors(c), (xs, ws, bs) = (x.doubles, w.doubles, b.doubles)
        let height = (c.height + 2 * c.padding - c.kernel) / c.stride + 1
        let width = (c.width + 2 * c.padding - c.kernel) / c.stride + 1
        var out: [Double] = []
        out.reserveCapacity(c.samples * height * width * c.outputs)
        for pixel in 0..<c.samples * height * width {
            let (n, i, j) = (pixel / (height * width), pixel / width % height, pixel % width)
            for o in 0..<c.outputs {
                var sum = bs[o]
                for tap in 0..<c.kernel * c.kernel {
                    let y = i * c.stride - c.padding + tap / c.kernel
                    let x = j * c.stride - c.padding + tap % c.kernel
                    guard y >= 0 && y < c.height && x >= 0 && x < c.width else { continue }
                    let from = ((n * c.height + y) * c.width + x) * c.inputs
                    for channel in 0..<c.inputs {
                        sum +=
                            xs[from + channel]
                            * ws[(o * c.inputs + channel) * c.kernel * c.kernel + tap]
                    }
                }
                out.append(sum)
            }
        }
        return Tensor(out, shape: [c.samples, height, width, c.outputs])
    }

    @Test(arguments: cases) func equalsTheSumOverTaps(_ c: Case) {
        let (x, w, b) = tensors(c)
        let taps = Convolution2DShape(stride: c.stride, padding: c.padding)
        let expected = naive(c)
        #expect(relativeError(x.convolved2D(w, bias: b, taps), expected) < 1e-13)
        let (x4, w4, b4) =
            (x.converted(to: .float32), w.converted(to: .float32), b.converted(to: .float32))
        atEachLevel { _ in
            #expect(relativeError(x4.convolved2D(w4, bias: b4, taps), expected) < 1e-5)
        }
    }

    /// <conv(x), g> = <x, convᵀ(g)> = <w, weight gradient>, for any g.
    @Test(arguments: cases) func hasItsAdjoints(_ c: Case) {
        let (x, w, _) = tensors(c)
        let taps = Convolution2DShape(stride: c.stride, padding: c.padding)
        let y = x.convolved2D(w, bias: nil, taps)
        let g = Tensor(normal: y.shape, key: RandomKey(seed: 8), dtype: .float64)
        let product = y.dot(g)
        let byInput = g.convolution2DInputGradient(w, height: c.height, width: c.width, taps)
        let byWeight = g.convolution2DWeightGradient(x, kernel: c.kernel, taps)
        #expect(byInput.shape == x.shape && byWeight.shape == w.shape)
        #expect(abs(byInput.dot(x) - product) < 1e-10 * max(1, abs(product)))
        #expect(abs(byWeight.dot(w) - product) < 1e-10 * max(1, abs(product)))
    }

    @Test func transposedConvolutionAddsItsBiasEverywhere() {
        let g = Tensor(zeros: [1, 2, 2, 3]), w = Tensor(zeros: [3, 2, 1, 1])
        let bias = Tensor([5, 7] as [Float], shape: [2])
        // With stride 2 and one tap, three pixels of four meet no tap.
        let y = g.convolution2DInputGradient(
            w, height: 4, width: 4, bias: bias, Convolution2DShape(stride: 2))
        #expect(y.floats == (0..<32).map { $0 % 2 == 0 ? 5 : 7 })
    }

    @Test func threadsChangeNoBit() {
        let key = RandomKey(seed: 5), taps = Convolution2DShape(stride: 1, padding: 1)
        let x = Tensor(normal: [2, 30, 41, 40], key: key.child(0))
        let w = Tensor(normal: [130, 40, 3, 3], key: key.child(1))
        let strided = Convolution2DShape(stride: 2, padding: 1)
        let results = withThreadCounts { () -> [Tensor] in
            let y = x.convolved2D(w, bias: nil, taps), z = x.convolved2D(w, bias: nil, strided)
            return [
                y, y.convolution2DInputGradient(w, height: 30, width: 41, taps),
                y.convolution2DWeightGradient(x, kernel: 3, taps), z,
                z.convolution2DInputGradient(w, height: 30, width: 41, strided),
                z.convolution2DWeightGradient(x, kernel: 3, strided),
            ]
        }
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }
}
