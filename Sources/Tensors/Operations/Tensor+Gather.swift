// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Rows taken by index, and graphs of nearest rows.
extension Tensor {
    static let gatherWidth = 32

    func checkIndices(_ name: String, _ indices: [Int32], allowsNone: Bool) {
        let rows = rank > 0 ? shape[0] : 0
        precondition(rank == 2, "\(name): a tensor of shape \(shape) isn't a matrix")
        let lowest = indices.min() ?? 0, highest = indices.max() ?? -1
        precondition(
            lowest >= (allowsNone ? -1 : 0) && highest < rows,
            "\(name): indices \(lowest)...\(highest) of \(rows) rows")
    }

    /// Rows `indices` of `[N, C]`; the index -1 gives zeros.
    package func gatheringRows(_ indices: [Int32]) -> Tensor {
        checkIndices("gatherRows", indices, allowsNone: true)
        let columns = shape[1]
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([indices.count, columns], dtype, reading: [self]) { output, input in
            unsafe indices.withUnsafeBufferPointer { buffer in
                guard let index = buffer.baseAddress else { return }
                Parallel.forRanges(buffer.count, chunk: 256) {
                    unsafe kernels.gather_rows(
                        input[0], index + $0.lowerBound,
                        output + $0.lowerBound * columns * size, $0.count, columns)
                }
            }
        }
    }

    /// Writes each row of `[M, C]` to row `indices[i]` of this matrix.
    ///
    /// - Parameter indices: All different, none negative.
    package mutating func replaceRows(_ indices: [Int32], with part: Tensor) {
        checkIndices("replaceRows", indices, allowsNone: false)
        precondition(
            part.shape == [indices.count, shape[1]] && part.dtype == dtype,
            "replaceRows: \(indices.count) rows of \(shape) by \(part.shape)")
        let width = shape[1] * dtype.byteSize
        unsafe update(reading: [part]) { output, input in
            unsafe indices.withUnsafeBufferPointer { buffer in
                Parallel.forRanges(buffer.count, chunk: 256) { range in
                    for row in range {
                        unsafe (output + Int(buffer[row]) * width).copyMemory(
                            from: input[0] + row * width, byteCount: width)
                    }
                }
            }
        }
    }

    /// Adds each row of `[M, C]` to row `indices[i]` of `[rows, C]` zeros, in the order of i.
    package func scatteringRows(_ indices: [Int32], rows: Int) -> Tensor {
        precondition(
            rank == 2 && indices.count == shape[0],
            "scatterRows: \(shape) by \(indices.count) indices")
        var result = Tensor(zeros: [rows, shape[1]], dtype: dtype)
        result.checkIndices("scatterRows", indices, allowsNone: true)
        let columns = shape[1], kernels = Kernels.table(dtype)
        unsafe result.update(reading: [self]) { output, input in
            unsafe indices.withUnsafeBufferPointer { buffer in
                guard let index = buffer.baseAddress else { return }
                Parallel.forRanges(columns, chunk: Tensor.gatherWidth) {
                    unsafe kernels.scatter_add_rows(
                        input[0], index, output, buffer.count, columns, $0.lowerBound, $0.count)
                }
            }
        }
        return result
    }

    /// The elementwise maximum of `neighbours` rows of `[N, C]` for each output row.
    ///
    /// - Parameter indices: `[M * neighbours]`, an output row's neighbours side by side.
    /// - Returns: `[M, C]`.
    package func gatheringMaximum(_ indices: [Int32], neighbours: Int) -> Tensor {
        precondition(
            neighbours > 0 && indices.count % neighbours == 0,
            "gatherMax: \(indices.count) indices for \(neighbours) neighbours")
        checkIndices("gatherMax", indices, allowsNone: false)
        let columns = shape[1], rows = indices.count / neighbours
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([rows, columns], dtype, reading: [self]) { output, input in
            unsafe indices.withUnsafeBufferPointer { buffer in
                guard let index = buffer.baseAddress else { return }
                Parallel.forRanges(rows, chunk: 32) {
                    unsafe kernels.gather_max(
                        input[0], index + $0.lowerBound * neighbours,
                        output + $0.lowerBound * columns * size, $0.count, neighbours, columns)
                }
            }
        }
    }

    /// The gradient of ``gatheringMaximum(_:neighbours:)``, `self` being the rows.
    ///
    /// The first neighbour that is the maximum takes it; sums run in the order of the rows.
    package func gatherMaximumGradient(
        _ gradient: Tensor, _ indices: [Int32], neighbours: Int
    ) -> Tensor {
        let columns = shape[1], kernels = Kernels.table(dtype)
        var result = Tensor(zeros: shape, dtype: dtype)
        unsafe result.update(reading: [self, gradient]) { output, input in
            unsafe indices.withUnsafeBufferPointer { buffer in
                guard let index = buffer.baseAddress else { return }
                Parallel.forRanges(columns, chunk: Tensor.gatherWidth) {
                    unsafe kernels.gather_max_gradient(
                        input[0], index, input[1], output, buffer.count / neighbours, neighbours,
                        columns, $0.lowerBound, $0.count)
                }
            }
        }
        return result
    }

    /// The k nearest positions of each position of a sequence, by squared L2 between features.
    ///
    /// Position itself comes first; equal distances go to the lower index; where too few
    /// positions are allowed, the position itself fills up.
    ///
    /// - Parameters:
    ///   - k: Neighbours, the position itself included.
    ///   - splits: One position a sample, or nil: edges with both ends at or after it are
    ///     forbidden to the last `limited` neighbours (VSGN's cross-scale edges).
    ///   - limited: How many of a split sample's neighbours obey that rule; they are taken
    ///     from the positions not chosen before.
    /// - Returns: `[B * T * k]` indices into the flattened `[B * T, C]`.
    package func nearestPositions(k: Int, splits: [Int?]? = nil, limited: Int = 0) -> [Int32] {
        precondition(
            rank == 3 && k > 0 && limited >= 0 && limited < k
                && (splits?.count ?? shape[0]) == shape[0],
            "nearestPositions: \(shape), k \(k), \(limited) limited, \(splits?.count ?? 0) splits")
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let type = dtype, size = dtype.byteSize, kernels = Kernels.table(dtype)
        let norms = unsafe Tensor.make([batch * length], type, reading: [self]) { output, input in
            unsafe kernels.row_squares(input[0], output, batch * length, channels)
        }
        let height = 64
        let blocks = (length + height - 1) / height
        let total = batch * length * k
        let work = WorkSpace(
            pieces: batch * blocks, scalars: min(height, length) * length, type)
        DryRun.countProducts(length, length, channels, count: batch)
        if DryRun.isActive { return [Int32](repeating: 0, count: total) }
        return unsafe [Int32](unsafeUninitializedCapacity: total) { buffer, count in
            count = total
            guard let indices = buffer.baseAddress else { return }
            unsafe Tensor.withPointers([self, norms]) { input in
                unsafe work.forEach { piece, dots in
                    let sample = piece / blocks, first = piece % blocks * height
                    let rows = min(height, length - first)
                    let x = unsafe input[0] + sample * length * channels * size
                    let split = splits?[sample]
                    unsafe MatrixProduct(
                        m: rows, n: length, k: channels, transposeB: .transposed,
                        strideA: channels, strideB: channels, strideC: length
                    ).run(type, x + first * channels * size, x, dots)
                    unsafe kernels.nearest_rows(
                        dots, input[1] + sample * length * size,
                        indices + (sample * length + first) * k, rows, first, length, k,
                        split == nil ? 0 : limited, split ?? length, sample * length)
                }
            }
        }
    }
}
