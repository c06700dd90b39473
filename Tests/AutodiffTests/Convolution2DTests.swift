// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Nodes on maps") struct Convolution2DTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test(arguments: [(3, 1, 1, false), (3, 2, 1, true), (1, 1, 0, true), (2, 2, 0, false)])
    func convolutionHasItsGradient(_ kernel: Int, _ stride: Int, _ padding: Int, _ relu: Bool) {
        let inputs = [draw([2, 4, 5, 3], 1), draw([4, 3, kernel, kernel], 2), draw([4], 3)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].conv2d(
                weight: $0[1], bias: $0[2], stride: stride, padding: padding, relu: relu)
        }
        #expect(error < 1e-7)
        let unbiased = GradientCheck.worstError(Array(inputs[..<2])) {
            $0[0].conv2d(weight: $0[1], bias: nil, stride: stride, padding: padding)
        }
        #expect(unbiased < 1e-7)
    }

    @Test(arguments: [(2, 2, 0), (3, 2, 1), (1, 1, 0)])
    func transposedConvolutionHasItsGradient(_ kernel: Int, _ stride: Int, _ padding: Int) {
        let inputs = [draw([2, 3, 4, 3], 4), draw([3, 4, kernel, kernel], 5), draw([4], 6)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].convTranspose2d(
                weight: $0[1], bias: $0[2], stride: stride, padding: padding)
        }
        #expect(error < 1e-7)
    }

    @Test func transposedConvolutionSpreadsEachPixel() {
        let x = Variable(Tensor([1, 10], shape: [1, 1, 2, 1]))
        let w = Variable(Tensor([1, 2, 3, 4], shape: [1, 1, 2, 2]))
        let y = x.convTranspose2d(weight: w, bias: nil, stride: 2)
        #expect(y.shape == [1, 2, 4, 1])
        #expect(y.tensor.doubles == [1, 2, 10, 20, 3, 4, 30, 40])
    }

    @Test func constantsGetNoGradientAndAreNotWorkedOut() {
        let tape = Tape()
        let x = tape.input(draw([1, 3, 3, 2], 7))
        let y = x.conv2d(
            weight: Variable(draw([2, 2, 3, 3], 8)), bias: Variable(draw([2], 9)), padding: 1)
        tape.backward(from: y)
        #expect(tape.gradient(of: x)?.shape == [1, 3, 3, 2])
    }

    @Test func upsamplingAndPoolingHaveTheirGradients() {
        let maps = [draw([2, 5, 7, 3], 10), draw([2, 3, 4, 3], 11)]
        #expect(GradientCheck.worstError(maps) { $0[0].addingUpsampled($0[1]) } < 1e-7)
        #expect(GradientCheck.worstError([maps[0]]) { $0[0].maxPool2d() } < 1e-7)
        #expect(GradientCheck.worstError([maps[0]]) { $0[0].gelu() } < 1e-7)
        let x = Variable(Tensor([1, 5, 0, 2, 3, 9, 7, 8, 4], shape: [1, 3, 3, 1]))
        #expect(x.maxPool2d().tensor.doubles == [5])
    }

    @Test(arguments: [false, true]) func groupNormalisationHasItsGradient(_ relu: Bool) {
        let inputs = [draw([2, 3, 4, 6], 12), draw([6], 13), draw([6], 14)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].groupNorm(groups: 3, weight: $0[1], bias: $0[2], relu: relu)
        }
        #expect(error < 1e-7)
    }
}
