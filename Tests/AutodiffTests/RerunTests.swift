// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Layers that run again in slices") struct RerunTests {
    private let weight = Parameter(
        Tensor(normal: [4, 6], key: RandomKey(seed: 1), dtype: .float64))
    private let x = Tensor(normal: [2, 15, 3], key: RandomKey(seed: 2), dtype: .float64)
    private let slope = Tensor(normal: [2, 5, 4], key: RandomKey(seed: 3), dtype: .float64)

    /// Five units a sample: three rows of 3 become one of 4 by way of two.
    private func layers(_ tile: Int?) -> Rerun {
        Rerun(units: 10, rows: (3, 1), tile: tile, outputShape: [2, 5, 4]) { [weight] x, context in
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

    @Test("a pass of several inputs has a gradient by each that needs one")
    func passesTakeSeveralInputs() {
        let other = Tensor(normal: [2, 15, 3], key: RandomKey(seed: 4), dtype: .float64)
        let slope = Tensor(normal: [2, 15, 3], key: RandomKey(seed: 5), dtype: .float64)
        for needsOther in [true, false] {
            let pass = Rerun.Pass([(x, true), (other, needsOther)], Context()) { inputs, _ in
                inputs[0] * inputs[1]
            }
            #expect(pass.value.isIdentical(to: x * other))
            let found = pass.pullbacks(slope)
            #expect(found[0]?.isIdentical(to: slope * other) == true)
            #expect(found[1]?.isIdentical(to: slope * x) ?? !needsOther)
        }
        let unused = Rerun.Pass(x, Context()) { _, _ in Variable(other) }
        #expect(unused.slope(slope).isIdentical(to: Tensor(zeros: x.shape, dtype: .float64)))
    }

    @Test(
        "slices change nothing but rounding, whatever their size", arguments: [1, 3, 7, 12, 1000])
    func slicesAgree(tile: Int) {
        let whole = run(layers(tile).recorded), sliced = run(layers(tile).callAsFunction)
        #expect(whole.count == 3 && sliced.count == 3)
        for (a, b) in zip(sliced, whole) {
            #expect(a.shape == b.shape && relativeError(a, b) < 1e-13)
        }
    }

    @Test("without slices the layers are computed again to the same bits")
    func wholeIsIdentical() {
        exclusively {
            for (a, b) in zip(run(layers(nil).callAsFunction), run(layers(nil).recorded)) {
                #expect(a.isIdentical(to: b))
            }
        }
    }

    @Test("slices hold whole units, one at least, and all of them")
    func slicesCover() {
        func units(_ tile: Int?) -> [Range<Int>] { layers(tile).slices.map(\.units) }
        #expect(units(nil) == [0..<10])
        #expect(units(1).map(\.count) == Array(repeating: 1, count: 10))
        #expect(units(13).map(\.count) == [4, 4, 2])
        #expect(units(13).flatMap { Array($0) } == Array(0..<10))
        #expect(
            Rerun.ranges(0, of: 3) == [0..<0] && Rerun.ranges(3, of: 0) == [0..<1, 1..<2, 2..<3])
    }

    @Test("slices of listed rows have the gradients of central differences")
    func gradientsMatchCentralDifferences() {
        let w = Tensor(normal: [3, 3], key: RandomKey(seed: 5), dtype: .float64)
        let lists: [[Int32]] = [[4, 0], [2, 5, 1], [3]]
        let slices = lists.enumerated().map { index, rows in
            Rerun.Slice(index..<index + 1, input: .list(rows), shape: [rows.count, 3])
        }
        let layers = Rerun(slices: slices, outputShape: [2, 3, 3]) { x, slice, _ in
            x.gelu().linear(weight: Variable(w)).scaled(by: 1 + Double(slice.units.lowerBound))
        }
        let x = Tensor(normal: [2, 3, 3], key: RandomKey(seed: 4), dtype: .float64)
        #expect(GradientCheck.worstError([x]) { layers($0[0], Context(tape: $0[0].tape)) } < 1e-7)
    }

    @Test("between the passes nothing lives but input and output", arguments: [nil, 16])
    func keepsItsInputAlone(tile: Int?) {
        exclusively {
            let x = Tensor(normal: [64, 32], key: RandomKey(seed: 2))
            let tape = Tape(), input = tape.input(x), context = Context(tape: tape)
            let layers = Rerun(units: 64, rows: (1, 1), tile: tile, outputShape: [64, 32]) { x, _ in
                x.gelu().scaled(by: 2).gelu()
            }
            let before = StoragePool.usage.live
            let y = layers(input, context), live = StoragePool.usage.live - before
            #expect(live == y.tensor.byteCount)
        }
    }

    @Test("gradients of parameters accumulate slice by slice, in order")
    func accumulatesInOrder() {
        exclusively {
            let weight = Parameter(Tensor(normal: [3, 3], key: RandomKey(seed: 7)))
            let x = Tensor(normal: [5, 3], key: RandomKey(seed: 8))
            func layer(_ x: Variable, _ context: Context) -> Variable {
                x.linear(weight: context.use(weight))
            }
            let layers = Rerun(
                units: 5, rows: (1, 1), tile: 2, outputShape: [5, 3], layer)
            var sum: Tensor?
            for slice in layers.slices {
                weight.gradient = nil
                let pass = Rerun.Pass(slice.taken(from: x), isNeeded: false, Context(), layer)
                #expect(pass.pullback(Tensor(repeating: 1, shape: pass.value.shape)) == nil)
                guard let own = weight.gradient else { continue }
                if sum == nil { sum = own } else { sum?.add(own) }
            }
            weight.gradient = nil
            let tape = Tape(), y = layers(Variable(x), Context(tape: tape))
            tape.backward(from: y)
            #expect(weight.gradient?.floats == sum?.floats && sum != nil)
            // What doesn't train has no backward pass.
            weight.isTrainable = false
            #expect(!layers(Variable(x), Context(tape: Tape())).needsGradient)
        }
    }

    @Test("a node of several parts says from which on something trains")
    func saysWhatTrains() {
        let weight = Parameter(x)
        func first(needsInput: Bool, trains: Int?) -> Int? {
            let tape = Tape(), input = needsInput ? tape.input(slope) : Variable(slope)
            var found: Int?
            _ = Variable.rerunning([input], Context(tape: tape)) { context, parts in
                for part in 0..<4 {
                    parts.current = part
                    if part == trains { _ = context.use(weight) }
                }
                found = parts.first
                return (slope, { [$0] })
            }
            return found
        }
        #expect(first(needsInput: false, trains: nil) == nil)
        #expect(first(needsInput: false, trains: 2) == 2)
        #expect(first(needsInput: true, trains: 2) == 0)
    }
}
