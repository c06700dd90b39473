// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Elementwise arithmetic and sums.
extension Tensor {
    static let elementChunk = 1 << 15

    private static func checkSame(_ name: String, _ a: Tensor, _ b: Tensor) {
        precondition(
            a.shape == b.shape && a.dtype == b.dtype,
            "\(name): \(a.shape) \(a.dtype) and \(b.shape) \(b.dtype) differ")
    }

    /// The sum of two tensors of one shape.
    public static func + (a: Tensor, b: Tensor) -> Tensor {
        checkSame("add", a, b)
        let kernels = Kernels.table(a.dtype), size = a.dtype.byteSize
        return unsafe .make(a.shape, a.dtype, reading: [a, b]) { output, input in
            Parallel.forRanges(a.count, chunk: elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.add(input[0] + at, input[1] + at, output + at, range.count)
            }
        }
    }

    /// The elementwise product of two tensors of one shape.
    public static func * (a: Tensor, b: Tensor) -> Tensor {
        checkSame("multiply", a, b)
        let kernels = Kernels.table(a.dtype), size = a.dtype.byteSize
        return unsafe .make(a.shape, a.dtype, reading: [a, b]) { output, input in
            Parallel.forRanges(a.count, chunk: elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.multiply(input[0] + at, input[1] + at, output + at, range.count)
            }
        }
    }

    /// `s * a + t * b`, elementwise.
    public static func axpby(_ s: Double, _ a: Tensor, _ t: Double, _ b: Tensor) -> Tensor {
        checkSame("axpby", a, b)
        let kernels = Kernels.table(a.dtype), size = a.dtype.byteSize
        return unsafe .make(a.shape, a.dtype, reading: [a, b]) { output, input in
            Parallel.forRanges(a.count, chunk: elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.axpby(s, input[0] + at, t, input[1] + at, output + at, range.count)
            }
        }
    }

    /// Adds `factor * other` in place.
    public mutating func add(_ other: Tensor, scaledBy factor: Double = 1) {
        Tensor.checkSame("add", self, other)
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        unsafe update(reading: [other]) { output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                if factor == 1 {
                    unsafe kernels.add(output + at, input[0] + at, output + at, range.count)
                } else {
                    unsafe kernels.axpby(
                        1, output + at, factor, input[0] + at, output + at, range.count)
                }
            }
        }
    }

    /// Multiplies by a number in place.
    public mutating func scale(by factor: Double) {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        unsafe update { output, _ in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.scale(factor, output + at, output + at, range.count)
            }
        }
    }

    /// The tensor times a number.
    public func scaled(by factor: Double) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self]) { output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.scale(factor, input[0] + at, output + at, range.count)
            }
        }
    }

    /// The sum of all scalars, in double precision.
    public func sum() -> Double {
        unsafe reduce(count) { kernels, pointer, count, result in
            unsafe kernels.sum(pointer[0], result, count)
        }
    }

    /// The sum of products with another tensor of the same shape, in double precision.
    public func dot(_ other: Tensor) -> Double {
        Tensor.checkSame("dot", self, other)
        return unsafe reduce(count, with: [other]) { kernels, pointer, count, result in
            unsafe kernels.dot(pointer[0], pointer[1], result, count)
        }
    }

    /// Sums fixed chunks on several threads and adds the parts in index order.
    private func reduce(
        _ count: Int, with others: [Tensor] = [],
        _ body: (dr_kernels, [UnsafeRawPointer], Int, UnsafeMutablePointer<Double>) -> Void
    ) -> Double {
        if DryRun.isActive { return 0 }
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let pieces = (count + Tensor.elementChunk - 1) / Tensor.elementChunk
        return unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { parts in
            guard let base = parts.baseAddress else { return 0 }
            unsafe Tensor.withPointers([self] + others) { pointers in
                Parallel.forEach(pieces) { piece in
                    let first = piece * Tensor.elementChunk
                    unsafe body(
                        kernels, pointers.map { unsafe $0 + first * size },
                        min(Tensor.elementChunk, count - first), unsafe base + piece)
                }
            }
            return (0..<pieces).reduce(0.0) { unsafe $0 + base[$1] }
        }
    }

    /// The sums of a matrix's columns: `[rows, C]` with any leading axes to `[C]`.
    package func columnSums() -> Tensor {
        unsafe columnReduction([self]) { kernels, pointer, output, rows, columns in
            unsafe kernels.column_sums(pointer[0], output, rows, columns)
        }
    }

    /// The sums over rows of the products with another tensor: `[rows, C]` twice to `[C]`.
    package func columnDots(_ other: Tensor) -> Tensor {
        Tensor.checkSame("columnDots", self, other)
        return unsafe columnReduction([self, other]) { kernels, pointer, output, rows, columns in
            unsafe kernels.column_dots(pointer[0], pointer[1], output, rows, columns)
        }
    }

    /// Column reductions over fixed blocks of rows; the blocks' parts are added in order.
    func columnReduction(
        _ inputs: [Tensor],
        _ body: (dr_kernels, [UnsafeRawPointer], UnsafeMutableRawPointer, Int, Int) -> Void
    ) -> Tensor {
        let columns = shape.last ?? 1, rows = columns == 0 ? 0 : count / columns
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let block = max(64, (rows + 31) / 32)
        let pieces = max(1, (rows + block - 1) / block)
        var parts = Tensor(zeros: [pieces, columns], dtype: dtype)
        unsafe parts.update(reading: inputs) { output, input in
            Parallel.forEach(pieces) { piece in
                let first = piece * block
                let here = min(block, rows - first)
                if here > 0 {
                    unsafe body(
                        kernels, input.map { unsafe $0 + first * columns * size },
                        unsafe output + piece * columns * size, here, columns)
                }
            }
        }
        if pieces == 1 { return parts.reshaped(to: [columns]) }
        var result = Tensor(zeros: [columns], dtype: dtype)
        unsafe result.update(reading: [parts]) { output, input in
            unsafe kernels.column_sums(input[0], output, pieces, columns)
        }
        return result
    }

    /// Adds a row vector `[C]` to every row of `[..., C]`.
    package func addingRow(_ row: Tensor) -> Tensor {
        unsafe rowwise("addingRow", row) { unsafe $0.add_row($1, $2, $3, $4, $5) }
    }

    /// Multiplies every row of `[..., C]` by a row vector `[C]`.
    package func multiplyingRow(_ row: Tensor) -> Tensor {
        unsafe rowwise("multiplyingRow", row) { unsafe $0.multiply_row($1, $2, $3, $4, $5) }
    }

    private func rowwise(
        _ name: String, _ row: Tensor,
        _ body: (
            dr_kernels, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer, Int, Int
        ) -> Void
    ) -> Tensor {
        precondition(
            shape.last == row.count && dtype == row.dtype, "\(name): \(shape) and \(row.shape)")
        let columns = row.count, rows = columns == 0 ? 0 : count / columns
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self, row]) { output, input in
            Parallel.forRanges(rows, chunk: max(1, Tensor.elementChunk / max(1, columns))) {
                let at = $0.lowerBound * columns * size
                unsafe body(kernels, input[0] + at, input[1], output + at, $0.count, columns)
            }
        }
    }

    /// Multiplies row `i` of the first axis by `factors[i]`.
    package func scalingRows(by factors: Tensor) -> Tensor {
        precondition(
            rank > 0 && factors.count == shape[0] && dtype == factors.dtype,
            "scalingRows: \(shape) by \(factors.shape)")
        let rows = shape[0], columns = rows == 0 ? 0 : count / rows
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self, factors]) { output, input in
            Parallel.forRanges(rows, chunk: max(1, Tensor.elementChunk / max(1, columns))) {
                let at = $0.lowerBound * columns * size
                unsafe kernels.scale_rows(
                    input[0] + at, input[1] + $0.lowerBound * size, output + at, $0.count, columns)
            }
        }
    }
}

extension Tensor {
    /// `Σ factors[sample]·tensor` over up to three tensors `[samples, ...]` of one shape.
    package static func combination(
        _ a: Tensor, _ sa: [Double], _ b: Tensor, _ sb: [Double], _ c: Tensor, _ sc: [Double]
    ) -> Tensor {
        precondition(
            a.shape == b.shape && b.shape == c.shape && sa.count == a.shape[0],
            "combination: \(a.shape), \(b.shape), \(c.shape)")
        let kernels = Kernels.table(a.dtype), size = a.dtype.byteSize
        let samples = a.shape[0], width = samples == 0 ? 0 : a.count / samples
        return unsafe .make(a.shape, a.dtype, reading: [a, b, c]) { output, input in
            Parallel.forEach(samples) { s in
                let at = s * width * size
                unsafe kernels.combine(
                    sa[s], input[0] + at, sb[s], input[1] + at, sc[s], input[2] + at, output + at,
                    width)
            }
        }
    }
}
