// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Max-pooling along the time axis of `[B, T, C]`.
extension Tensor {
    /// The length after pooling: (T + 2 padding - kernel) / stride + 1.
    package static func pooledLength(_ length: Int, kernel: Int, stride: Int, padding: Int) -> Int {
        max(0, (length + 2 * padding - kernel) / stride + 1)
    }

    private func checkPool(_ kernel: Int, _ stride: Int, _ padding: Int) {
        precondition(
            rank == 3 && kernel > 0 && stride > 0 && padding >= 0 && 2 * padding <= kernel
                && shape[1] + 2 * padding >= kernel,
            "maxPool1d: \(shape), kernel \(kernel), stride \(stride), padding \(padding)")
    }

    /// The maximum of each window; padding never wins.
    package func maxPooled1D(kernel: Int, stride: Int, padding: Int = 0) -> Tensor {
        checkPool(kernel, stride, padding)
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let newLength = Tensor.pooledLength(
            length, kernel: kernel, stride: stride, padding: padding)
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([batch, newLength, channels], dtype, reading: [self]) { output, input in
            Parallel.forEach(batch) { sample in
                unsafe kernels.max_pool(
                    input[0] + sample * length * channels * size,
                    output + sample * newLength * channels * size, length, channels, newLength,
                    kernel, stride, padding)
            }
        }
    }

    /// The gradient by the pooled sequence, `self` being the sequence: it goes to the first
    /// maximum of each window.
    package func maxPool1DGradient(
        _ gradient: Tensor, kernel: Int, stride: Int, padding: Int = 0
    ) -> Tensor {
        checkPool(kernel, stride, padding)
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let newLength = gradient.shape[1]
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self, gradient]) { output, input in
            Parallel.forEach(batch) { sample in
                let at = sample * length * channels * size
                unsafe kernels.max_pool_gradient(
                    input[0] + at, input[1] + sample * newLength * channels * size, output + at,
                    length, channels, newLength, kernel, stride, padding)
            }
        }
    }
}
