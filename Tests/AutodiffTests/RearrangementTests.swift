// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Rearranged rows, padding and recomputation") struct RearrangementTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test func gradientsMatchCentralDifferences() {
        let indices: [Int32] = [3, -1, 0, 4, -1], inverse: [Int32] = [2, -1, -1, 0, 3]
        let rows = GradientCheck.worstError([draw([5, 3], 1)]) {
            $0[0].rearrangingRows(indices, inverse: inverse)
        }
        #expect(rows <= 1e-7)
        for (axis, length) in [(0, 4), (1, 5), (2, 2)] {
            let padded = GradientCheck.worstError([draw([2, 3, 2], 2)]) {
                $0[0].padded(to: length, axis: axis)
            }
            #expect(padded <= 1e-7)
        }
    }

    @Test func placesHoldTheirRowsAndZeros() {
        let x = draw([3, 2], 3), values = x.doubles
        let y = x.gatheringRows([2, -1, 0])
        #expect(y.doubles == [values[4], values[5], 0, 0, values[0], values[1]])
        var z = Tensor(zeros: [4, 2], dtype: .float64)
        z.replaceRows([3, 0, 2], with: x)
        #expect(
            z.doubles == [values[2], values[3], 0, 0, values[4], values[5], values[0], values[1]])
    }

    /// Layers computed again give the bits of layers kept, and keep their input alone.
    @Test func recomputationChangesNothing() {
        exclusively {
            let weight = Parameter(draw([4, 6], 4)), bias = Parameter(draw([4], 5))
            let x = draw([30, 6], 6), g = draw([30, 4], 7)
            func run(isInput: Bool, recomputes: Bool) -> [Tensor] {
                weight.gradient = nil
                bias.gradient = nil
                let tape = Tape()
                let input = isInput ? tape.input(x) : Variable(x)
                let body = { (x: Variable, context: Context) in
                    x.linear(weight: context.use(weight), bias: context.use(bias)).gelu()
                }
                let context = Context(tape: tape)
                let y = recomputes ? input.recomputing(context, body) : body(input, context)
                let value = y.tensor
                tape.backward(from: y, gradient: g)
                return [value, tape.gradient(of: input), weight.gradient, bias.gradient]
                    .compactMap(\.self)
            }
            for isInput in [true, false] {
                let plain = run(isInput: isInput, recomputes: false)
                let again = run(isInput: isInput, recomputes: true)
                #expect(plain.count == (isInput ? 4 : 3) && again.count == plain.count)
                for (a, b) in zip(plain, again) { #expect(a.isIdentical(to: b)) }
            }
            let inference = Variable(x).recomputing(.inference) { x, _ in x.gelu() }
            #expect(inference.tensor.isIdentical(to: x.gelu()) && !inference.needsGradient)
        }
    }

    /// Rows made part by part are those made at once, and so are their gradients.
    @Test func partsAreComputedAgain() {
        exclusively {
            let weight = Parameter(draw([4, 6], 4)), x = draw([9, 6], 6), g = draw([9, 4], 7)
            func body(_ x: Variable, _ part: Range<Int>, _ context: Context) -> Variable {
                // Every row looks at the row before it, too.
                let before = part.map { Int32(max(0, $0 - 1)) }
                return (x.slice(part, axis: 0) + x.gatherRows(before)).linear(
                    weight: context.use(weight)
                ).gelu()
            }
            func run(_ parts: [Range<Int>]?, isInput: Bool) -> [Tensor] {
                weight.gradient = nil
                let tape = Tape(), context = Context(tape: tape)
                let input = isInput ? tape.input(x) : Variable(x)
                let y =
                    parts.map { input.recomputingParts($0, width: 4, context, body) }
                    ?? body(input, 0..<9, context)
                let value = y.tensor
                tape.backward(from: y, gradient: g)
                return [value, weight.gradient, tape.gradient(of: input)].compactMap(\.self)
            }
            for isInput in [true, false] {
                let plain = run(nil, isInput: isInput)
                for parts in [[0..<9], [0..<4, 4..<8, 8..<9]] {
                    let again = run(parts, isInput: isInput)
                    #expect(again.count == (isInput ? 3 : 2) && plain.count == again.count)
                    for (a, b) in zip(again, plain) { #expect(relativeError(a, b) < 1e-14) }
                }
            }
        }
    }
}
