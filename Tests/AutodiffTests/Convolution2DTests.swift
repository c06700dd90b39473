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

    /// A convolution that makes its input again gives the bits of one that keeps it.
    @Test func aPreparedInputChangesNothing() {
        exclusively {
            let parameters = [[4], [4], [5, 4, 3, 3], [5]].enumerated().map {
                Parameter(draw($1, 20 + UInt64($0)))
            }
            let x = draw([2, 5, 4, 4], 30), g = draw([2, 5, 4, 5], 31)
            func run(isInput: Bool, again: Bool) -> [Tensor] {
                for parameter in parameters { parameter.gradient = nil }
                let tape = Tape(), context = Context(tape: tape)
                let input = isInput ? tape.input(x) : Variable(x)
                func norm(_ x: Variable, _ context: Context) -> Variable {
                    x.groupNorm(
                        groups: 2, weight: context.use(parameters[0]),
                        bias: context.use(parameters[1]), relu: true)
                }
                let weight = context.use(parameters[2]), bias = context.use(parameters[3])
                let y =
                    again
                    ? input.conv2d(
                        weight: weight, bias: bias, padding: 1, context, preparing: norm)
                    : norm(input, context).conv2d(weight: weight, bias: bias, padding: 1)
                tape.backward(from: y, gradient: g)
                return [y.tensor]
                    + [tape.gradient(of: input)].compactMap(\.self)
                    + parameters.compactMap(\.gradient)
            }
            for isInput in [true, false] {
                let plain = run(isInput: isInput, again: false)
                let prepared = run(isInput: isInput, again: true)
                #expect(plain.count == (isInput ? 6 : 5) && prepared.count == plain.count)
                for (a, b) in zip(plain, prepared) { #expect(a.isIdentical(to: b)) }
            }
            let inference = Variable(x).conv2d(
                weight: Variable(parameters[2].tensor), bias: nil, padding: 1, .inference
            ) { x, _ in x.gelu() }
            #expect(!inference.needsGradient && inference.shape == [2, 5, 4, 5])
        }
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
