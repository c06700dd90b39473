// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Rows taken by index, as nodes.
extension Variable {
    /// Rows `indices` of `[N, C]`; the index -1 gives zeros.
    ///
    /// Gradients add up in the order of the indices.
    package func gatherRows(_ indices: [Int32]) -> Variable {
        let rows = shape[0]
        return Variable.operation(tensor.gatheringRows(indices), inputs: [self]) { gradient in
            [gradient.scatteringRows(indices, rows: rows)]
        }
    }

    /// Rows `indices` of `[N, C]`, each taken at most once; the index -1 gives zeros.
    ///
    /// - Parameter inverse: For each of the N rows its place in the result, -1 where it has none.
    package func rearrangingRows(_ indices: [Int32], inverse: [Int32]) -> Variable {
        precondition(
            inverse.count == shape[0],
            "rearrangingRows: an inverse of \(inverse.count) rows for \(shape)")
        return Variable.operation(tensor.gatheringRows(indices), inputs: [self]) { gradient in
            [gradient.gatheringRows(inverse)]
        }
    }

    /// Weighted sums of `neighbours` rows of `[N, C]` for each output row (interpolation).
    ///
    /// - Parameters:
    ///   - indices: `[M * neighbours]`, an output row's neighbours side by side.
    ///   - weights: One an index.
    /// - Returns: `[M, C]`.
    package func gatherWeighted(_ indices: [Int32], weights: [Float], neighbours: Int) -> Variable {
        let rows = shape[0]
        return Variable.operation(
            tensor.gatheringWeighted(indices, weights: weights, neighbours: neighbours),
            inputs: [self]
        ) { gradient in
            [
                gradient.scatteringWeighted(
                    indices, weights: weights, neighbours: neighbours, rows: rows)
            ]
        }
    }

    /// The elementwise maximum over each output row's neighbours.
    ///
    /// - Parameters:
    ///   - indices: `[M * neighbours]` rows of `[N, C]`.
    ///   - neighbours: How many stand side by side for one output row.
    /// - Returns: `[M, C]`.
    package func gatherMax(_ indices: [Int32], neighbours: Int) -> Variable {
        let y = tensor
        let output = y.gatheringMaximum(indices, neighbours: neighbours)
        return Variable.operation(output, inputs: [self]) { gradient in
            [y.gatherMaximumGradient(gradient, indices, neighbours: neighbours)]
        }
    }
}
