// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Elementwise nonlinearities of detection heads.
extension Tensor {
    private func elementwise(
        _ other: Tensor? = nil,
        _ body: (dr_kernels, [UnsafeRawPointer], UnsafeMutableRawPointer, Int) -> Void
    ) -> Tensor {
        precondition(
            other.map { $0.shape == shape && $0.dtype == dtype } ?? true,
            "elementwise: \(shape) and \(other?.shape ?? [])")
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self] + (other.map { [$0] } ?? [])) {
            output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                unsafe body(kernels, input.map { unsafe $0 + at }, unsafe output + at, range.count)
            }
        }
    }

    /// max(x, 0).
    package func relu() -> Tensor { unsafe elementwise { unsafe $0.relu($1[0], $2, $3) } }

    /// The gradient by ReLU's input, `self` being the gradient by its output.
    package func reluGradient(output: Tensor) -> Tensor {
        unsafe elementwise(output) { unsafe $0.relu_gradient($1[0], $1[1], $2, $3) }
    }

    /// 1 / (1 + exp(-x)).
    package func sigmoid() -> Tensor { unsafe elementwise { unsafe $0.sigmoid($1[0], $2, $3) } }

    /// The gradient by the sigmoid's input, `self` being the gradient by its output.
    package func sigmoidGradient(output: Tensor) -> Tensor {
        unsafe elementwise(output) { unsafe $0.sigmoid_gradient($1[0], $1[1], $2, $3) }
    }

    /// The softmax over the last axis, for inference.
    package func classProbabilities() -> Tensor {
        let columns = shape.last ?? 1, rows = columns == 0 ? 0 : count / columns
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self]) { output, input in
            Parallel.forRanges(rows, chunk: max(1, Tensor.elementChunk / max(1, columns))) {
                let at = $0.lowerBound * columns * size
                unsafe kernels.softmax_classes(input[0] + at, output + at, $0.count, columns)
            }
        }
    }
}
