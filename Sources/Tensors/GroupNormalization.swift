// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Group normalisation of `[B, T, C]` (Wu and He, ECCV 2018): statistics over T and C / groups.
extension Tensor {
    /// The normalised sequence, and the mean and inverse deviation of each (sample, group).
    package func groupNormalized(
        groups: Int, weight: Tensor, bias: Tensor, epsilon: Double
    ) -> (output: Tensor, statistics: [Double]) {
        precondition(
            rank == 3 && groups > 0 && shape[2] % groups == 0 && weight.count == shape[2]
                && bias.count == shape[2] && weight.dtype == dtype && bias.dtype == dtype,
            "groupNorm: \(shape), \(groups) groups, weight \(weight.shape), bias \(bias.shape)")
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let width = channels / groups
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        var output = self
        let statistics = [Double](unsafeUninitializedCapacity: batch * groups * 2) {
            buffer, count in
            count = batch * groups * 2
            guard let stats = buffer.baseAddress else { return }
            output = .make(shape, dtype, reading: [self, weight, bias]) { output, input in
                Parallel.forEach(batch * groups) { piece in
                    let at = piece / groups * length * channels * size
                    kernels.group_norm(
                        input[0] + at, input[1], input[2], output + at, stats + 2 * piece, length,
                        channels, piece % groups * width, width, epsilon)
                }
            }
        }
        return (output, statistics)
    }

    /// The gradients by input, weight and bias, `self` being the input.
    package func groupNormGradient(
        _ gradient: Tensor, groups: Int, weight: Tensor, statistics: [Double]
    ) -> (input: Tensor, weight: Tensor, bias: Tensor) {
        precondition(
            gradient.shape == shape && statistics.count == shape[0] * groups * 2,
            "groupNorm gradient: \(gradient.shape) for \(shape), \(statistics.count) statistics")
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let width = channels / groups
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let parts = Tensor.make(
            shapes: [shape, [batch, channels], [batch, channels]], dtype,
            reading: [self, gradient, weight]
        ) { output, input in
            statistics.withUnsafeBufferPointer { buffer in
                guard let stats = buffer.baseAddress else { return }
                Parallel.forEach(batch * groups) { piece in
                    let sample = piece / groups
                    let at = sample * length * channels * size, row = sample * channels * size
                    kernels.group_norm_gradient(
                        input[0] + at, input[1] + at, input[2], stats + 2 * piece, output[0] + at,
                        output[1] + row, output[2] + row, length, channels, piece % groups * width,
                        width)
                }
            }
        }
        return (parts[0], parts[1].columnSums(), parts[2].columnSums())
    }
}
