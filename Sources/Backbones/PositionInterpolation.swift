// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// How a grid of learned positions is resized; each is some reference's bicubic rule.
public enum PositionRule: String, Sendable, Hashable, CaseIterable {
    /// DINOv2's own code: the scale factor is (new + 0.1) / old, no antialiasing.
    case offset
    /// transformers' Dinov2Model and ViTModel: sizes, no antialiasing.
    case bicubic
    /// timm's `resample_abs_pos_embed`: sizes, antialiased.
    case antialiased
}

/// Resizing a position grid as a constant matrix, so that positions keep their gradient.
package enum PositionInterpolation {
    /// Side of the square grid of a file's learned positions `[1, 1 + g * g, C]`; nil where they are
    /// none, of another width or of no square.
    ///
    /// - Parameters:
    ///   - name: Our parameter's name.
    ///   - shape: Our parameter's shape.
    static func grid(of value: Tensor, for name: String, _ shape: [Int]) -> Int? {
        guard name == "pos_embed", value.rank == 3, shape.count == 3, value.shape[0] == 1,
            value.shape[2] == shape[2], (2...1 + largestSide * largestSide).contains(value.shape[1])
        else { return nil }
        let side = Int(Double(value.shape[1] - 1).squareRoot().rounded())
        return side * side == value.shape[1] - 1 ? side : nil
    }

    /// The largest side of a grid that files may have.
    private static let largestSide = 512

    /// The matrix from the pretrained tokens to those of another grid; the class token stays.
    ///
    /// - Parameters:
    ///   - grid: Side of the pretrained grid.
    ///   - rows: Patches down.
    ///   - columns: Patches across.
    /// - Returns: `[1 + rows * columns, 1 + grid * grid]`, or nil where the grids agree.
    package static func matrix(
        grid: Int, rows: Int, columns: Int, rule: PositionRule, dtype: DType
    ) -> Tensor? {
        resizing(
            grid: grid, rows: rows, columns: columns, leading: 1, rule: rule, dtype: dtype)
    }

    /// The same without a class token: `[rows * columns, grid * grid]`.
    package static func gridMatrix(
        grid: Int, rows: Int, columns: Int, rule: PositionRule, dtype: DType
    ) -> Tensor? {
        resizing(
            grid: grid, rows: rows, columns: columns, leading: 0, rule: rule, dtype: dtype)
    }

    /// The matrix behind so many tokens that stay.
    private static func resizing(
        grid: Int, rows: Int, columns: Int, leading: Int, rule: PositionRule, dtype: DType
    ) -> Tensor? {
        if rows == grid && columns == grid { return nil }
        let down = axisWeights(from: grid, to: rows, rule: rule)
        let across = axisWeights(from: grid, to: columns, rule: rule)
        let width = leading + grid * grid, height = leading + rows * columns
        var values = [Double](repeating: 0, count: height * width)
        for token in 0..<leading { values[token * width + token] = 1 }
        for r in 0..<rows {
            for c in 0..<columns {
                let base = (leading + r * columns + c) * width + leading
                for (y, wy) in down[r] {
                    for (x, wx) in across[c] { values[base + y * grid + x] += wy * wx }
                }
            }
        }
        return Tensor(values, shape: [height, width], dtype: dtype)
    }

    /// The weights of the old cells for each new cell of one axis.
    static func axisWeights(from old: Int, to new: Int, rule: PositionRule) -> [[(Int, Double)]] {
        let scale: Double =
            switch rule {
            case .offset: Double(old) / (Double(new) + 0.1)
            case .bicubic, .antialiased: Double(old) / Double(new)
            }
        return (0..<new).map { index in
            rule == .antialiased
                ? antialiased(index, scale: scale, old: old) : plain(index, scale: scale, old: old)
        }
    }

    /// Keys' cubic kernel.
    private static func cubic(_ x: Double, _ a: Double) -> Double {
        let x = abs(x)
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return 0
    }

    private static func plain(_ index: Int, scale: Double, old: Int) -> [(Int, Double)] {
        let centre = (Double(index) + 0.5) * scale - 0.5
        let first = Int(centre.rounded(.down))
        return (-1...2).map { offset in
            let cell = min(old - 1, max(0, first + offset))
            return (cell, cubic(centre - Double(first + offset), -0.75))
        }
    }

    private static func antialiased(_ index: Int, scale: Double, old: Int) -> [(Int, Double)] {
        let stretch = max(1, scale), support = 2 * stretch
        let centre = scale * (Double(index) + 0.5)
        let first = max(0, Int(centre - support + 0.5))
        let last = min(old, Int(centre + support + 0.5))
        var weights = (first..<last).map { cell in
            (cell, cubic((Double(cell) - centre + 0.5) / stretch, -0.5))
        }
        let total = weights.reduce(0) { $0 + $1.1 }
        if total != 0 { for i in weights.indices { weights[i].1 /= total } }
        return weights
    }
}
