// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Tokens") struct TokensTests {
    /// [2, 3, 2] holding 0..<12.
    private let x = Tensor((0..<12).map(Float.init), shape: [2, 3, 2])

    @Test func prependsToEachSample() {
        let y = x.prependingToken(Tensor([-1, -2] as [Float], shape: [1, 1, 2]))
        #expect(y.shape == [2, 4, 2])
        #expect(y.floats == [-1, -2, 0, 1, 2, 3, 4, 5, -1, -2, 6, 7, 8, 9, 10, 11])
        #expect(y.tokenSlice(1..<4).isIdentical(to: x))
    }

    @Test func slicesAndPads() {
        let y = x.tokenSlice(1..<2)
        #expect(y.floats == [2, 3, 8, 9])
        #expect(y.tokenPadding(first: 1, count: 3).floats == [0, 0, 2, 3, 0, 0, 0, 0, 8, 9, 0, 0])
    }

    @Test func averagesAndRepeats() {
        #expect(x.tokenMean().floats == [2, 3, 8, 9])
        #expect(
            x.tokenMean().repeatingAsTokens(2, scaledBy: 0.5).floats == [
                1, 1.5, 1, 1.5, 4, 4.5, 4, 4.5,
            ])
    }

    @Test func mixesByAMatrixAndItsTranspose() {
        let matrix = Tensor([1, 0, 1, 0, 2, 0] as [Float], shape: [2, 3])
        let y = x.mixingTokens(by: matrix)
        #expect(y.floats == [4, 6, 4, 6, 16, 18, 16, 18])
        #expect(
            y.mixingTokens(by: matrix, transposing: true).floats == [
                4, 6, 8, 12, 4, 6, 16, 18, 32, 36, 16, 18,
            ])
    }
}
