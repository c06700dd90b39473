// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Sliced layers") struct SlicedLayersTests {
    private let weight = Parameter(
        Tensor(normal: [4, 6], key: RandomKey(seed: 1), dtype: .float64))
    private let x = Tensor(normal: [2, 15, 3], key: RandomKey(seed: 2), dtype: .float64)
    private let slope = Tensor(normal: [2, 5, 4], key: RandomKey(seed: 3), dtype: .float64)

    /// Five units a sample: three rows of 3 become one of 4 by way of two.
    private var layers: SlicedLayers {
        SlicedLayers(units: 10, rows: (3, 1), outputShape: [2, 5, 4]) { [weight] x, context in
            let units = Int32(x.shape[0])
            let rows = (0..<units).flatMap { unit -> [Int32] in [unit * 3, unit * 3 + 2] }
            let inverse = (0..<units).flatMap { unit -> [Int32] in [unit * 2, -1, unit * 2 + 1] }
            let pairs = x.reshaped(to: [x.shape[0] * 3, 3]).gelu()
                .rearrangingRows(rows, inverse: inverse)
            return pairs.reshaped(to: [x.shape[0], 1, 6]).linear(
                weight: context.use(weight), bias: nil)
        }
    }

    private func run(_ body: (Variable, Context) -> Variable) -> [Tensor] {
        weight.gradient = nil
        let tape = Tape(), input = tape.input(x)
        let y = body(input, Context(tape: tape)), value = y.tensor
        tape.backward(from: y, gradient: slope)
        return [value, tape.gradient(of: input), weight.gradient].compactMap(\.self)
    }

    @Test(
        "slices change nothing but rounding, whatever their size", arguments: [1, 3, 7, 12, 1000])
    func slicesAgree(tile: Int) {
        let whole = run { layers($0, $1) }
        let sliced = run { layers.recomputing($0, tile: tile, $1) }
        #expect(whole.count == 3 && sliced.count == 3)
        for (a, b) in zip(sliced, whole) {
            #expect(a.shape == b.shape && relativeError(a, b) < 1e-13)
        }
    }

    @Test("without slices the layers are computed again to the same bits")
    func wholeIsIdentical() {
        exclusively {
            for (a, b) in zip(
                run { layers.recomputing($0, tile: nil, $1) }, run { layers($0, $1) })
            {
                #expect(a.isIdentical(to: b))
            }
        }
    }

    @Test("slices hold whole units, one at least, and all of them")
    func slicesCover() {
        #expect(layers.slices(nil) == [0..<10])
        #expect(layers.slices(1).map(\.count) == Array(repeating: 1, count: 10))
        #expect(layers.slices(13).map(\.count) == [4, 4, 2])
        #expect(layers.slices(13).flatMap { Array($0) } == Array(0..<10))
    }
}
