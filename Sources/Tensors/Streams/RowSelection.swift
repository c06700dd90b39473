// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Some rows of a tensor seen as `[rows, C]`, each at most once.
public enum RowSelection: Sendable {
    /// A run of rows.
    case run(Range<Int>)
    /// Rows in any order.
    case list([Int32])

    /// The number of rows.
    public var count: Int {
        switch self {
        case .run(let range): range.count
        case .list(let rows): rows.count
        }
    }

    /// Every row of `[..., C]`.
    public static func all(of tensor: Tensor) -> RowSelection {
        .run(0..<tensor.count / max(1, tensor.shape[tensor.rank - 1]))
    }

    /// Neighbouring rows that are handled in one go.
    struct Piece {
        /// The first row's place in the selection.
        let place: Int
        /// The first row.
        let row: Int
        /// Rows.
        let count: Int
    }

    /// The selection in runs of at most `longest` rows that don't cross a multiple of `border`.
    func pieces(border: Int, longest: Int) -> [Piece] {
        var result: [Piece] = []
        func add(place: Int, row: Int, count: Int) {
            var place = place, row = row, left = count
            while left > 0 {
                let step = min(left, longest, border - row % border)
                result.append(Piece(place: place, row: row, count: step))
                place += step
                row += step
                left -= step
            }
        }
        switch self {
        case .run(let range): add(place: 0, row: range.lowerBound, count: range.count)
        case .list(let rows):
            var first = 0
            for place in rows.indices.dropFirst() where rows[place] != rows[place - 1] + 1 {
                add(place: first, row: Int(rows[first]), count: place - first)
                first = place
            }
            if !rows.isEmpty { add(place: first, row: Int(rows[first]), count: rows.count - first) }
        }
        return result
    }
}

extension Tensor {
    /// Scalars that one piece of rows should have: enough to be worth a thread's turn.
    static let piece = 1 << 13

    /// The pieces of rows of this tensor, none across samples, and the rows of a sample.
    private func pieces(_ rows: RowSelection) -> (pieces: [RowSelection.Piece], perSample: Int) {
        let width = shape[rank - 1]
        let perSample = max(1, count / max(1, shape[0] * width))
        return (
            rows.pieces(border: perSample, longest: max(1, Tensor.piece / max(1, width))), perSample
        )
    }

    /// Rows of `[..., C]`: `[rows, C]`.
    package func rows(_ selection: RowSelection) -> Tensor {
        let all = reshaped(to: [-1, shape[rank - 1]])
        switch selection {
        case .run(let range): return all.rows(range)
        case .list(let list): return all.gatheringRows(list)
        }
    }

    /// Puts a row of `part` in the place of each of the rows of this tensor, `[rows, C]`.
    package mutating func replaceRows(_ rows: RowSelection, with part: Tensor) {
        let part = part.reshaped(to: [rows.count, shape[rank - 1]])
        switch rows {
        case .run(let range): replaceRows(at: range.lowerBound, with: part)
        case .list(let list): replaceRows(list, with: part)
        }
    }

    /// Rows of `[samples, ..., C]`, each times its sample's factor: `[rows, C]`.
    package func scaledRows(_ rows: RowSelection, by factors: [Double]) -> Tensor {
        precondition(
            rank >= 2 && factors.count == shape[0],
            "scaledRows: \(factors.count) factors for \(shape)")
        let width = shape[rank - 1], kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([rows.count, width], dtype, reading: [self]) { output, input in
            let (pieces, perSample) = pieces(rows)
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index]
                unsafe kernels.scale(
                    factors[piece.row / perSample], input[0] + piece.row * width * size,
                    output + piece.place * width * size, piece.count * width)
            }
        }
    }

    /// Rows of `[samples, ..., C]`, each times its sample's factor, added to rows of `part` that
    /// are weighted so too: `[rows, C]`.
    package func addingRows(
        _ rows: RowSelection, by factors: [Double], to part: Tensor, by partFactors: [Double]
    ) -> Tensor {
        let width = shape[rank - 1]
        precondition(
            part.count == rows.count * width && factors.count == shape[0]
                && partFactors.count == shape[0] && part.dtype == dtype,
            "addingRows: \(shape), \(part.shape) for \(rows.count) rows")
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([rows.count, width], dtype, reading: [self, part]) { output, input in
            let (pieces, perSample) = pieces(rows)
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index], sample = piece.row / perSample
                let at = piece.place * width * size
                unsafe kernels.axpby(
                    factors[sample], input[0] + piece.row * width * size, partFactors[sample],
                    input[1] + at, output + at, piece.count * width)
            }
        }
    }

    /// Adds a row of `part`, and this row of `other` times its sample's factor, to each of the
    /// rows of this `[samples, ..., C]`.
    package mutating func addRows(
        _ rows: RowSelection, _ part: Tensor, and other: Tensor, by factors: [Double]
    ) {
        let width = shape[rank - 1]
        precondition(
            part.count == rows.count * width && other.shape == shape && factors.count == shape[0],
            "addRows: \(shape), \(part.shape) and \(other.shape) for \(rows.count) rows")
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let (pieces, perSample) = pieces(rows)
        unsafe update(reading: [part, other]) { output, input in
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index], count = piece.count * width
                let at = piece.row * width * size
                unsafe kernels.add(
                    output + at, input[0] + piece.place * width * size, output + at, count)
                unsafe kernels.axpby(
                    1, output + at, factors[piece.row / perSample], input[1] + at, output + at,
                    count)
            }
        }
    }

    /// One branch of the dual-residual backward pass on some rows, in place:
    /// (g_i, g_{i-1}) becomes (g_{i-1} + α·g_i + j, β·g_i), one pair (α, β) a sample.
    ///
    /// - Parameters:
    ///   - current: g_i, `[samples, ..., C]`.
    ///   - previous: g_{i-1}, of the same shape.
    ///   - rows: Which rows `j` is for.
    ///   - j: The gradient through the branch, a row for each of `rows`.
    package static func reverseDualGradient(
        _ current: inout Tensor, _ previous: inout Tensor, rows: RowSelection, branch j: Tensor,
        coefficients: [StreamCoefficients]
    ) {
        let width = current.shape[current.rank - 1]
        precondition(
            current.shape == previous.shape && j.count == rows.count * width
                && coefficients.count == current.shape[0],
            "reverseDualGradient: \(current.shape), \(previous.shape), \(j.shape) for "
                + "\(rows.count) rows")
        let kernels = Kernels.table(j.dtype), size = j.dtype.byteSize
        let (pieces, perSample) = current.pieces(rows)
        unsafe current.update(reading: [j]) { a, input in
            unsafe previous.write { b in
                Parallel.forEach(pieces.count) { index in
                    let piece = pieces[index], at = piece.row * width * size
                    let k = coefficients[piece.row / perSample]
                    unsafe kernels.dual_gradient(
                        a + at, b + at, input[0] + piece.place * width * size, k.alpha, k.beta,
                        piece.count * width)
                }
            }
        }
    }
}
