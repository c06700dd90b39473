// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Weighted sums of rows taken by index.
extension Tensor {
    /// Σ_j weight·row over `neighbours` rows of `[N, C]` for each output row.
    ///
    /// - Parameters:
    ///   - indices: `[M * neighbours]`, an output row's neighbours side by side.
    ///   - weights: One an index.
    /// - Returns: `[M, C]`.
    package func gatheringWeighted(_ indices: [Int32], weights: [Float], neighbours: Int) -> Tensor
    {
        checkIndices("gatherWeighted", indices, allowsNone: false)
        precondition(
            neighbours > 0 && indices.count % neighbours == 0 && weights.count == indices.count,
            "gatherWeighted: \(indices.count) indices, \(weights.count) weights for \(neighbours) "
                + "neighbours")
        let columns = shape[1], rows = indices.count / neighbours
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([rows, columns], dtype, reading: [self]) { output, input in
            unsafe Tensor.withNeighbours(indices, weights) { index, weight in
                Parallel.forRanges(rows, chunk: 64) {
                    unsafe kernels.gather_weighted(
                        input[0], index + $0.lowerBound * neighbours,
                        weight + $0.lowerBound * neighbours,
                        output + $0.lowerBound * columns * size, $0.count, neighbours, columns)
                }
            }
        }
    }

    /// The gradient of ``gatheringWeighted(_:weights:neighbours:)`` by its `rows` rows, `self`
    /// being the gradient by the result; sums run in the order of the result's rows.
    package func scatteringWeighted(
        _ indices: [Int32], weights: [Float], neighbours: Int, rows: Int
    ) -> Tensor {
        precondition(
            rank == 2 && shape[0] * neighbours == indices.count && weights.count == indices.count,
            "scatterWeighted: \(shape) by \(indices.count) indices, \(weights.count) weights")
        let columns = shape[1], count = shape[0], kernels = Kernels.table(dtype)
        var result = Tensor(zeros: [rows, columns], dtype: dtype)
        result.checkIndices("scatterWeighted", indices, allowsNone: false)
        unsafe result.update(reading: [self]) { output, input in
            unsafe Tensor.withNeighbours(indices, weights) { index, weight in
                Parallel.forRanges(columns, chunk: Tensor.gatherWidth) {
                    unsafe kernels.scatter_weighted(
                        input[0], index, weight, output, count, neighbours, columns,
                        $0.lowerBound, $0.count)
                }
            }
        }
        return result
    }

    private static func withNeighbours(
        _ indices: [Int32], _ weights: [Float],
        _ body: (UnsafePointer<Int32>, UnsafePointer<Float>) -> Void
    ) {
        unsafe indices.withUnsafeBufferPointer { indices in
            unsafe weights.withUnsafeBufferPointer { weights in
                guard let index = indices.baseAddress, let weight = weights.baseAddress else {
                    return
                }
                unsafe body(index, weight)
            }
        }
    }
}
