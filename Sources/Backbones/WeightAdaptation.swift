// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Values of a file in the shape and order of our parameters.
enum WeightAdaptation {
    /// Side of the largest table that is resized: a window of 64.
    private static let largestTableSide = 127

    /// Queries, keys and values in one tensor, or nil where their shapes differ.
    static func joined(_ parts: [Tensor]) -> Tensor? {
        guard let first = parts.first else { return nil }
        let fits = parts.allSatisfy {
            $0.rank > 0 && $0.shape == first.shape && $0.dtype == first.dtype
        }
        return parts.count == 1 ? first : fits ? Tensor.joiningRows(parts) : nil
    }

    /// A merging's weights `[…, 4 C]` from `nn.Unfold`'s order to the concatenation's, or back.
    ///
    /// `nn.Unfold` has the channels outermost and the four pixels row by row inside; the
    /// concatenation has the pixels outermost, those of the left column first.
    static func reorderedMerging(_ value: Tensor, toUnfold: Bool = false) -> Tensor {
        guard let width = value.shape.last, width > 0, width % 4 == 0 else { return value }
        let channels = width / 4
        // Pixel (row, column) of the concatenation is 2 * column + row, of the unfolding 2 * row + column.
        let other = [0, 2, 1, 3]
        let order = (0..<width).map { position in
            toUnfold
                ? other[position % 4] * channels + position / 4
                : position % channels * 4 + other[position / channels]
        }
        let rows = value.count / width
        let indices = (0..<rows).flatMap { row in order.map { Int32(row * width + $0) } }
        return value.reshaped(to: [value.count, 1]).gatheringRows(indices)
            .reshaped(to: value.shape)
    }

    /// A 2-D patch convolution `[C, 3, h, w]` as a 3-D one `[C, 3, T, h, w]`, or nil.
    ///
    /// Repeated over time and divided by T: a still film gives the image's result.
    static func inflatedPatches(_ value: Tensor, to shape: [Int]) -> Tensor? {
        guard shape.count == 5, value.rank == 4, shape[2] > 0,
            value.shape == [shape[0], shape[1], shape[3], shape[4]]
        else { return nil }
        let rows = value.scaled(by: 1 / Double(shape[2]))
            .reshaped(to: [shape[0] * shape[1], 1, shape[3] * shape[4]])
        return Tensor.concatenated(Array(repeating: rows, count: shape[2]), axis: 1)
            .reshaped(to: shape)
    }

    /// A 2-D table of relative biases `[(2 s - 1)², heads]` in another window, or nil.
    ///
    /// Resized bicubically where the window's sides differ, and repeated over the 2 T - 1 distances
    /// in time of a window of clips.
    ///
    /// - Parameter window: The sides of our window: `[h, w]` or `[T, h, w]`.
    static func biasTable(_ value: Tensor, to shape: [Int], window: [Int]) -> Tensor? {
        guard value.rank == 2, shape.count == 2, value.shape[1] == shape[1],
            (2...3).contains(window.count), window.allSatisfy({ $0 > 0 })
        else { return nil }
        let sides = window.suffix(2).map { 2 * $0 - 1 }
        let times = window.count == 3 ? 2 * window[0] - 1 : 1
        guard shape[0] == times * sides[0] * sides[1] else { return nil }
        var table = value
        if value.shape[0] != sides[0] * sides[1] {
            let side = Int(Double(value.shape[0]).squareRoot().rounded())
            guard side % 2 == 1, (1...largestTableSide).contains(side),
                side * side == value.shape[0]
            else { return nil }
            let down = PositionInterpolation.axisWeights(from: side, to: sides[0], rule: .bicubic)
            let across = PositionInterpolation.axisWeights(from: side, to: sides[1], rule: .bicubic)
            var matrix = [Double](repeating: 0, count: sides[0] * sides[1] * side * side)
            for (row, vertical) in down.enumerated() {
                for (column, horizontal) in across.enumerated() {
                    let base = (row * sides[1] + column) * side * side
                    for (y, wy) in vertical {
                        for (x, wx) in horizontal { matrix[base + y * side + x] += wy * wx }
                    }
                }
            }
            table = Tensor(
                matrix, shape: [sides[0] * sides[1], side * side], dtype: value.dtype
            ).matmul(value)
        }
        return times == 1 ? table : Tensor.joiningRows(Array(repeating: table, count: times))
    }
}
