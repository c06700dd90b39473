// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Row selections") struct RowSelectionTests {
    /// The 24 rows of two samples of 12, in parts: runs across the samples, and scattered lists.
    private static let cuts: [[RowSelection]] = [
        [.run(0..<24)], [.run(0..<7), .run(7..<20), .run(20..<24)],
        [
            .list((0..<24).filter { $0 % 3 == 0 }),
            .list((0..<24).filter { $0 % 3 != 0 }.reversed()),
        ],
        [.list([11, 12, 13, 3]), .run(0..<3), .run(4..<11), .run(14..<24), .list([])],
    ]

    private func rows(_ selection: RowSelection) -> [Int] {
        switch selection {
        case .run(let range): Array(range)
        case .list(let list): list.map(Int.init)
        }
    }

    @Test("each row is scaled by its sample's factor", arguments: [5, 8, 1000])
    func scalesRowsBySample(width: Int) {
        let x = Tensor(normal: [2, 12, width], key: RandomKey(seed: 1))
        let values = x.floats
        for selection in Self.cuts.joined() {
            let expected = rows(selection).flatMap { row in
                values[row * width..<(row + 1) * width].map { $0 * (row < 12 ? 2 : -0.5) }
            }
            let scaled = x.scaledRows(selection, by: [2, -0.5])
            #expect(scaled.shape == [selection.count, width])
            #expect(scaled.floats == expected)
        }
    }

    @Test("rows are replaced, others stay")
    func replacesRows() {
        let x = Tensor(normal: [24, 6], key: RandomKey(seed: 2))
        let y = Tensor(normal: [24, 6], key: RandomKey(seed: 3))
        for cut in Self.cuts {
            var result = x
            for (index, selection) in cut.enumerated() {
                result.replaceRows(
                    selection, with: y.gatheringRows(rows(selection).map(Int32.init)))
                if index == 0 && cut.count > 1 { #expect(!result.isIdentical(to: y)) }
            }
            #expect(result.isIdentical(to: y))
        }
    }

    @Test("a branch in parts is the branch at once, bit for bit", arguments: [5, 8, 24])
    func partsAreTheWhole(width: Int) throws {
        let shape = [2, 12, width]
        let x = Tensor(normal: shape, key: RandomKey(seed: 4))
        let f = Tensor(normal: shape, key: RandomKey(seed: 5))
        let flat = f.reshaped(to: [24, width])
        let k = [
            StreamCoefficients(alpha: 0.9, beta: 0.1),
            StreamCoefficients(alpha: 1.5, beta: -0.5, branch: 1.5),
        ]
        try exclusively {
            let start = try FixedPointPair(x, fractionBits: 30)
            let whole = try FixedPointPair(x, fractionBits: 30)
            _ = try whole.advance(branch: f, coefficients: k)
            for cut in Self.cuts {
                let parts = cut.map { flat.gatheringRows(rows($0).map(Int32.init)) }
                let pair = try FixedPointPair(x, fractionBits: 30)
                let remainder = try pair.advance(coefficients: k) {
                    (write) throws(FixedPointPair.Overflow) in
                    for (selection, part) in zip(cut, parts) { try write(selection, part) }
                }
                #expect(pair.isIdentical(to: whole))
                // Remainders lie in the same places whatever the parts.
                pair.reverse(branch: f, coefficients: k, remainder: remainder)
                #expect(pair.isIdentical(to: start))
                let again = try pair.advance(branch: f, coefficients: k)
                pair.reverse(coefficients: k, remainder: again) { write in
                    for (selection, part) in zip(cut, parts) { write(selection, part) }
                }
                #expect(pair.isIdentical(to: start))
            }
        }
    }

    @Test("gradients of both streams in parts are those at once")
    func gradientsInParts() {
        let shape = [2, 12, 7]
        let g = Tensor(normal: shape, key: RandomKey(seed: 6), dtype: .float64)
        let h = Tensor(normal: shape, key: RandomKey(seed: 7), dtype: .float64)
        let j = Tensor(normal: shape, key: RandomKey(seed: 8), dtype: .float64)
        let k = [(0.9, 0.1), (1.5, -0.5)].map { StreamCoefficients(alpha: $0.0, beta: $0.1) }
        let wanted = Tensor.combination(
            h, [1, 1], g, k.map(\.alpha), j, [1, 1])
        for cut in Self.cuts {
            var now = g, before = h
            for selection in cut {
                Tensor.reverseDualGradient(
                    &now, &before, rows: selection,
                    branch: j.reshaped(to: [24, 7]).gatheringRows(
                        rows(selection).map(Int32.init)), coefficients: k)
            }
            #expect(relativeError(now, wanted) < 1e-15)
            let scaled = g.scaledRows(.all(of: g), by: k.map(\.beta)).reshaped(to: shape)
            #expect(before.isIdentical(to: scaled))
        }
    }
}
