// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The bias of pairs of tokens by their relative position (Liu and others 2021).
extension Tensor {
    /// The entries `index` of each column of a table `[rows, heads]`: `[heads, N, N]`.
    ///
    /// - Parameter index: The row of each of the N * N pairs.
    package func relativeBias(_ index: [Int32], tokens: Int) -> Tensor {
        checkRelativeIndex(index, rows: rank == 2 ? shape[0] : 0, tokens: tokens)
        let (rows, heads) = (shape[0], shape[1])
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let columns = unsafe Tensor.make([heads, rows], dtype, reading: [self]) { output, input in
            unsafe kernels.transpose_matrix(input[0], output, rows, heads)
        }
        return unsafe .make([heads, tokens, tokens], dtype, reading: [columns]) { output, input in
            unsafe index.withUnsafeBufferPointer { buffer in
                guard let first = buffer.baseAddress else { return }
                Parallel.forEach(heads) { head in
                    unsafe kernels.gather(
                        input[0] + head * rows * size, first,
                        output + head * buffer.count * size, buffer.count)
                }
            }
        }
    }

    /// The gradient of ``relativeBias(_:tokens:)`` by the table, this tensor being the one by
    /// its result `[heads, N, N]`: `[rows, heads]`, summed in the order of the index.
    package func relativeBiasGradient(_ index: [Int32], rows: Int) -> Tensor {
        precondition(rank == 3, "relativeBias: a gradient of shape \(shape)")
        checkRelativeIndex(index, rows: rows, tokens: shape[1])
        let heads = shape[0], kernels = Kernels.table(dtype), size = dtype.byteSize
        var columns = Tensor(zeros: [heads, rows], dtype: dtype)
        unsafe columns.update(reading: [self]) { output, input in
            unsafe index.withUnsafeBufferPointer { buffer in
                guard let first = buffer.baseAddress else { return }
                Parallel.forEach(heads) { head in
                    unsafe kernels.scatter_add(
                        input[0] + head * buffer.count * size, first,
                        output + head * rows * size, buffer.count)
                }
            }
        }
        return unsafe .make([rows, heads], dtype, reading: [columns]) { output, input in
            unsafe kernels.transpose_matrix(input[0], output, heads, rows)
        }
    }

    private func checkRelativeIndex(_ index: [Int32], rows: Int, tokens: Int) {
        let lowest = index.min() ?? 0, highest = index.max() ?? -1
        precondition(
            index.count == tokens * tokens && lowest >= 0 && highest < rows,
            "relativeBias: \(index.count) indices \(lowest)...\(highest) for \(tokens) tokens "
                + "and \(rows) rows")
    }
}
