// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("position interpolation")
struct PositionInterpolationTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            let file: String
            let rule: String
            let grid: [Int]
        }
        let input: String
        let gridSize: [Int]
        let cases: [Case]
    }

    @Test("each rule's matrix resizes as its reference does")
    func matricesAgree() throws {
        let path = BackboneFixture.path("positions.json")
        let cases = try JSONDecoder().decode(
            Cases.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let positions = try Npy.readTensor(BackboneFixture.path(cases.input))
            .converted(to: .float64)
        let width = positions.shape[positions.rank - 1]
        let tokens = positions.reshaped(to: [-1, width])
        #expect(Set(cases.cases.map(\.rule)).count == 3)
        for one in cases.cases {
            let matrix = try #require(
                PositionInterpolation.matrix(
                    grid: cases.gridSize[0], rows: one.grid[0], columns: one.grid[1],
                    rule: BackboneFixture.rule(one.rule), dtype: .float64))
            let expected = try Npy.readTensor(BackboneFixture.path(one.file))
                .converted(to: .float64).reshaped(to: [-1, width])
            #expect(relativeError(matrix.matmul(tokens), expected) < 1e-12, "\(one.file)")
        }
    }

    @Test("the same grid needs no matrix", arguments: PositionRule.allCases)
    func sameGridIsLeftAlone(rule: PositionRule) {
        #expect(
            PositionInterpolation.matrix(grid: 5, rows: 5, columns: 5, rule: rule, dtype: .float32)
                == nil)
    }

    @Test(
        "weights of a cell add up to 1, and the class token stays", arguments: PositionRule.allCases
    )
    func rowsAddUp(rule: PositionRule) throws {
        for (rows, columns) in [(3, 9), (14, 2), (1, 1), (20, 5)] {
            let matrix = try #require(
                PositionInterpolation.matrix(
                    grid: 5, rows: rows, columns: columns, rule: rule, dtype: .float64))
            #expect(matrix.shape == [1 + rows * columns, 26])
            let sums = matrix.matmul(Tensor(repeating: 1, shape: [26, 1], dtype: .float64))
            #expect(sums.doubles.allSatisfy { abs($0 - 1) < 1e-12 })
            #expect(matrix.rows(0..<1).doubles == [1] + [Double](repeating: 0, count: 25))
        }
    }
}
