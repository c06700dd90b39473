// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Convolutions along the time axis of `[B, T, C]` that keep channels apart.
extension Tensor {
    /// What one thread takes at a time: so many channels of one sample.
    private static let depthwiseChannels = 64

    private func checkDepthwise(_ weight: Tensor) {
        precondition(
            rank == 3 && weight.rank == 3 && weight.shape[0] == shape[2] && weight.shape[1] == 1
                && weight.shape[2] > 0 && dtype == weight.dtype,
            "depthwise conv1d: input \(shape), weight \(weight.shape)")
    }

    /// Runs `body` for blocks of channels: the first channel and their number.
    private static func forChannels(
        _ channels: Int, samples: Int, _ body: (_ sample: Int, _ first: Int, _ width: Int) -> Void
    ) {
        let blocks = (channels + depthwiseChannels - 1) / depthwiseChannels
        Parallel.forEach(samples * blocks) { piece in
            let first = piece % blocks * depthwiseChannels
            body(piece / blocks, first, min(depthwiseChannels, channels - first))
        }
    }

    /// The convolution of each channel with its own filter.
    ///
    /// - Parameter weight: `[C, 1, K]`.
    /// - Returns: `[B, T', C]`, T' = (T + 2 padding - K) / stride + 1.
    package func depthwiseConvolved1D(_ weight: Tensor, _ taps: Convolution1DShape) -> Tensor {
        checkDepthwise(weight)
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let kernel = weight.shape[2], newLength = taps.outputLength(length, kernel: kernel)
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(
            [batch, newLength, channels], dtype, reading: [self, weight.tapsFirst()]
        ) {
            output, input in
            Tensor.forChannels(channels, samples: batch) { sample, first, width in
                unsafe kernels.depthwise(
                    input[0] + (sample * length * channels + first) * size,
                    input[1] + first * size,
                    output + (sample * newLength * channels + first) * size, length, channels,
                    width, newLength, kernel, taps.stride, taps.padding)
            }
        }
    }

    /// The gradient of such a convolution by its input.
    ///
    /// - Parameters:
    ///   - weight: `[C, 1, K]`; `self` is `[B, T', C]`.
    ///   - length: T.
    package func depthwiseInputGradient(
        _ weight: Tensor, length: Int, _ taps: Convolution1DShape
    ) -> Tensor {
        checkDepthwise(weight)
        let (batch, newLength, channels) = (shape[0], shape[1], shape[2])
        let kernel = weight.shape[2]
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([batch, length, channels], dtype, reading: [self, weight.tapsFirst()]) {
            output, input in
            Tensor.forChannels(channels, samples: batch) { sample, first, width in
                unsafe kernels.depthwise_input_gradient(
                    input[0] + (sample * newLength * channels + first) * size,
                    input[1] + first * size,
                    output + (sample * length * channels + first) * size, length, channels, width,
                    newLength, kernel, taps.stride, taps.padding)
            }
        }
    }

    /// The gradient of such a convolution by its weight.
    ///
    /// - Parameters:
    ///   - input: The convolution's input `[B, T, C]`; `self` is `[B, T', C]`.
    ///   - kernel: K.
    /// - Returns: `[C, 1, K]`.
    package func depthwiseWeightGradient(
        _ input: Tensor, kernel: Int, _ taps: Convolution1DShape
    ) -> Tensor {
        precondition(
            rank == 3 && input.rank == 3 && shape[0] == input.shape[0]
                && shape[2] == input.shape[2] && dtype == input.dtype,
            "depthwise conv1d weight gradient: \(shape) and \(input.shape)")
        let (batch, newLength, channels) = (shape[0], shape[1], shape[2])
        let length = input.shape[1]
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        var result = Tensor(zeros: [kernel, channels, 1], dtype: dtype)
        unsafe result.update(reading: [self, input]) { output, pointers in
            Tensor.forChannels(channels, samples: 1) { _, first, width in
                for sample in 0..<batch {
                    unsafe kernels.depthwise_weight_gradient(
                        pointers[0] + (sample * newLength * channels + first) * size,
                        pointers[1] + (sample * length * channels + first) * size,
                        output + first * size, length, channels, width, newLength, kernel,
                        taps.stride, taps.padding)
                }
            }
        }
        return result.tapsLast()
    }
}
