// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

/// Fixed positions of clips: sines and cosines of a token's number (Vaswani et al., 2017).
package enum SinePositions {
    /// The positions of a grid of tokens.
    ///
    /// Channel 2k of token n is sin(n / 10000^(2k / C)), channel 2k + 1 the cosine of the same;
    /// tokens are numbered through time steps of the pretrained side, and each step is resized.
    ///
    /// - Parameters:
    ///   - side: The pretrained grid's side.
    ///   - grid: Time steps, rows and columns.
    ///   - rule: How a step of another size is resized.
    /// - Returns: `[1, tokens, C]`.
    package static func table(
        grid side: Int, to grid: [Int], width: Int, rule: PositionRule, dtype: DType
    ) -> Tensor {
        let cells = side * side
        let table = Tensor(
            values(tokens: grid[0] * cells, width: width), shape: [grid[0], cells, width],
            dtype: dtype)
        let matrix = PositionInterpolation.gridMatrix(
            grid: side, rows: grid[1], columns: grid[2], rule: rule, dtype: dtype)
        let resized = matrix.map { table.mixingTokens(by: $0) } ?? table
        return resized.reshaped(to: [1, grid.reduce(1, *), width])
    }

    private static func values(tokens: Int, width: Int) -> [Double] {
        let rates = (0..<width).map { pow(10000, -Double($0 / 2 * 2) / Double(width)) }
        var values: [Double] = []
        values.reserveCapacity(tokens * width)
        for token in 0..<tokens {
            for channel in 0..<width {
                let angle = Double(token) * rates[channel]
                values.append(channel % 2 == 0 ? sin(angle) : cos(angle))
            }
        }
        return values
    }

    /// Whether a file's positions `[1, tokens, C]` are these, and not learned ones; half precision
    /// counts as equal.
    static func isTable(_ tensor: Tensor) -> Bool {
        guard tensor.rank == 3, tensor.shape[0] == 1 else { return false }
        let own = values(tokens: tensor.shape[1], width: tensor.shape[2])
        return zip(tensor.doubles, own).allSatisfy { abs($0 - $1) < 0.01 }
    }
}
