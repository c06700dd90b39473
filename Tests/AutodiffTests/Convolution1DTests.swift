// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Convolution nodes") struct Convolution1DTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test(arguments: [(1, 1, false), (2, 1, true), (3, 0, false)])
    func convolutionHasItsGradient(_ stride: Int, _ padding: Int, _ relu: Bool) {
        let inputs = [draw([2, 9, 3], 1), draw([4, 3, 3], 2), draw([4], 3)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].conv1d(
                weight: $0[1], bias: $0[2], stride: stride, padding: padding, relu: relu)
        }
        #expect(error < 1e-7)
    }

    @Test(arguments: [(1, 1, 0, false), (2, 1, 1, true), (2, 0, 0, false)])
    func transposedConvolutionHasItsGradient(
        _ stride: Int, _ padding: Int, _ extra: Int, _ relu: Bool
    ) {
        let inputs = [draw([2, 5, 3], 4), draw([3, 4, 3], 5), draw([4], 6)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].convTranspose1d(
                weight: $0[1], bias: $0[2], stride: stride, padding: padding,
                outputPadding: extra, relu: relu)
        }
        #expect(error < 1e-7)
    }

    @Test func transposedConvolutionSpreadsEachPosition() {
        let x = Variable(Tensor([1, 10], shape: [1, 2, 1]))
        let w = Variable(Tensor([1, 2, 3], shape: [1, 1, 3]))
        let y = x.convTranspose1d(weight: w, bias: nil, stride: 2, padding: 1, outputPadding: 1)
        #expect(y.tensor.doubles == [2, 13, 20, 30])
    }
}
