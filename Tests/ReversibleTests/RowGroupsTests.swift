// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport
import Testing

@Suite("groups of rows") struct RowGroupsTests {
    /// Groups {4, 0}, {}, {2, 1, 3} of five tokens.
    private static let groups = RowGroups(
        tokens: [4, 0, 2, 1, 3], sizes: [2, 0, 3], capacity: 3)

    @Test("rows run through all samples")
    func rowsRunThroughSamples() {
        #expect(Self.groups.rows(0..<3) == [4, 0, 2, 1, 3])
        #expect(Self.groups.rows(2..<4) == [2, 1, 3, 9, 5])
        #expect(Self.groups.rows(4..<6) == [7, 6, 8])
        for first in 0..<6 {
            for last in first...6 {
                #expect(
                    Self.groups.rowCount(first..<last) == Self.groups.rows(first..<last).count)
            }
        }
    }

    /// F = the mean over a group's tokens times a weight, minus the token itself.
    private func stage(_ weight: Parameter) -> Stage {
        let branches = (0..<4).map { index in
            Branch(name: "\(index)", groups: Self.groups, dropPathRate: 0.3) { x, range, context in
                let shape = x.shape, width = shape[shape.count - 1]
                let samples = x.tensor.count / width / 5
                let rows = x.reshaped(to: [-1, width])
                // Whole: put into order first, and back at the end.
                let order = Self.groups.rows(0..<3 * samples)
                var inverse = [Int32](repeating: 0, count: order.count)
                for (place, row) in order.enumerated() { inverse[Int(row)] = Int32(place) }
                var y = range == nil ? rows.rearrangingRows(order, inverse: inverse) : rows
                let sizes = (range ?? 0..<3 * samples).map { [2, 0, 3][$0 % 3] }
                let count = y.shape[0]
                var matrix = [Double](repeating: 0, count: count * count)
                var first = 0
                for size in sizes {
                    for a in first..<first + size {
                        for b in first..<first + size {
                            matrix[a * count + b] = 1 / Double(size)
                        }
                    }
                    first += size
                }
                let mix = Tensor(matrix, shape: [count, count], dtype: x.tensor.dtype)
                let mean = y.reshaped(to: [1, count, width]).mixingTokens(by: mix)
                    .reshaped(to: [count, width])
                y = mean.linear(weight: context.use(weight)) + y.scaled(by: -0.5)
                if range == nil { y = y.rearrangingRows(inverse, inverse: order) }
                return y.reshaped(to: shape)
            }
        }
        return Stage(name: "groups", branches: branches, branchesPerBlock: 2)
    }

    private func gradients(_ way: FinetuningWay, tile: Int?, dtype: DType) throws -> [Tensor] {
        let weight = Parameter(
            Tensor(normal: [4, 4], standardDeviation: 0.4, key: RandomKey(seed: 1), dtype: dtype))
        let x = Tensor(normal: [3, 5, 4], key: RandomKey(seed: 2), dtype: dtype)
        let tape = Tape()
        let input = tape.input(x)
        let output = try stage(weight)(
            input,
            Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
                .running(way, tile: tile.map { Tile(tokens: $0) }))
        let value = output.tensor
        tape.backward(
            from: output, gradient: Tensor(normal: x.shape, key: RandomKey(seed: 4), dtype: dtype))
        return [value, tape.gradient(of: input), weight.gradient].compactMap(\.self)
    }

    @Test("tiles of groups change nothing but rounding, in every way", arguments: [1, 3, 7, 100])
    func tilesAgree(tokens: Int) throws {
        let dual = CoefficientPlan.uniform(StreamCoefficients(alpha: 0.5, beta: 0.5))
        for way in [
            FinetuningWay.checkpointed, .dr2net(dual, .exact), .dr2net(dual, .float),
        ] {
            let whole = try gradients(way, tile: nil, dtype: .float64)
            let tiled = try gradients(way, tile: tokens, dtype: .float64)
            #expect(whole.count == 3 && tiled.count == 3)
            for (a, b) in zip(tiled, whole) { #expect(relativeError(a, b) < 1e-8) }
        }
        let kept = try gradients(.checkpointed, tile: tokens, dtype: .float64)
        let plain = try gradients(.conventional, tile: nil, dtype: .float64)
        for (a, b) in zip(kept, plain) { #expect(relativeError(a, b) < 1e-12) }
    }

    @Test("the input pair comes back bit for bit from tiles of groups", arguments: [1, 6, 100])
    func reversesExactly(tokens: Int) throws {
        let weight = Parameter(
            Tensor(normal: [4, 4], standardDeviation: 0.4, key: RandomKey(seed: 1)))
        let stage = stage(weight)
        let x = Tensor(normal: [3, 5, 4], key: RandomKey(seed: 2))
        let plan = CoefficientPlan.uniform(StreamCoefficients(alpha: 1, beta: 0.1))
        let context = Context.inference.running(.dr2net(plan, .exact), tile: Tile(tokens: tokens))
        try exclusively {
            let start = try FixedPointPair(x, fractionBits: FixedPointPair.fractionBits(for: x))
            let (pair, remainders) = try stage.advance(x, plan: plan, context)
            #expect(!pair.isIdentical(to: start))
            stage.retreat(pair, remainders, plan: plan, context)
            #expect(pair.isIdentical(to: start))
        }
    }
}
