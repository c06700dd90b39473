// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Layer normalization over the last axis (Ba, Kiros, Hinton 2016).
extension Tensor {
    /// What the backward pass of a layer norm needs beside the input: one pair a row.
    package struct LayerNormStatistics: Sendable {
        /// The mean of each row, `[rows]`.
        package let mean: Tensor
        /// 1 / sqrt(variance + epsilon) of each row, `[rows]`.
        package let inverseDeviation: Tensor
    }

    private static func rowBlock(_ columns: Int) -> Int { max(1, elementChunk / max(1, columns)) }

    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last axis.
    ///
    /// - Parameters:
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    /// - Returns: The result, of this tensor's shape, and each row's statistics.
    package func layerNorm(
        weight: Tensor, bias: Tensor, epsilon: Double
    ) -> (result: Tensor, statistics: LayerNormStatistics) {
        let (rows, columns) = rowsAndColumns
        precondition(
            rank > 0 && weight.shape == [columns] && bias.shape == [columns]
                && weight.dtype == dtype && bias.dtype == dtype,
            "layerNorm: \(shape) \(dtype) by weight \(weight.shape) and bias \(bias.shape)")
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let results = unsafe Tensor.make(
            shapes: [shape, [rows], [rows]], dtype, reading: [self, weight, bias]
        ) { output, input in
            Parallel.forRanges(rows, chunk: Tensor.rowBlock(columns)) { range in
                let row = range.lowerBound * size
                unsafe kernels.layer_norm(
                    input[0] + row * columns, input[1], input[2], epsilon,
                    output[0] + row * columns, output[1] + row, output[2] + row, range.count,
                    columns)
            }
        }
        return (
            results[0], LayerNormStatistics(mean: results[1], inverseDeviation: results[2])
        )
    }

    /// The gradients of a layer norm, each worked out only where asked for.
    ///
    /// The sums over rows are taken over fixed blocks whose parts are added in order.
    ///
    /// - Parameters:
    ///   - gradient: By the result, of this tensor's shape; this tensor is the norm's input.
    ///   - needs: Whether the input's, the weight's and the bias's gradients are wanted.
    package func layerNormGradients(
        of gradient: consuming Tensor, weight: Tensor, statistics: LayerNormStatistics,
        needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        let (rows, columns) = rowsAndColumns
        precondition(gradient.shape == shape, "layerNorm: \(shape) and gradient \(gradient.shape)")
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let block = max(16, (rows + 31) / 32)
        let pieces = max(1, (rows + block - 1) / block)
        // Uninitialized or just made: no other tensor shares this storage.
        let parts: [Tensor?] = [needs.weight, needs.bias].map {
            $0 ? Tensor(zeros: [pieces, columns], dtype: dtype) : nil
        }
        let inputGradient = needs.input ? Tensor(uninitialized: shape, dtype: dtype) : nil
        unsafe Tensor.withPointers(
            [self, gradient, weight, statistics.mean, statistics.inverseDeviation]
        ) { input in
            let dx = unsafe inputGradient?.storage.pointer
            let weightParts = unsafe parts[0]?.storage.pointer,
                biasParts = unsafe parts[1]?.storage.pointer
            Parallel.forEach(pieces) { piece in
                let first = piece * block
                let here = min(block, rows - first)
                guard here > 0 else { return }
                let at = first * columns * size, part = piece * columns * size
                unsafe kernels.layer_norm_backward(
                    input[0] + at, input[1] + at, input[2], input[3] + first * size,
                    input[4] + first * size, dx.map { unsafe $0 + at },
                    unsafe weightParts.map { unsafe $0 + part },
                    unsafe biasParts.map { unsafe $0 + part }, here, columns)
            }
        }
        let sums = withExtendedLifetime((parts, inputGradient)) {
            parts.map { $0?.columnSums() }
        }
        return (inputGradient, sums[0], sums[1])
    }
}
