// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Group normalisation of `[N, ..., C]` (Wu and He, ECCV 2018): statistics over all positions of
/// a sample and C / groups channels, with ReLU behind it where asked for.
///
/// A pass goes over whole rows: sums of each channel in float64, added in the order of fixed
/// blocks; then every channel has one factor and one shift.
extension Tensor {
    /// The normalised tensor, and the mean and inverse deviation of each (sample, group).
    ///
    /// - Parameters:
    ///   - groups: A divisor of C.
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - epsilon: Added to the variance.
    ///   - relu: Whether negative results become 0.
    package func groupNormalized(
        groups: Int, weight: Tensor, bias: Tensor, epsilon: Double, relu: Bool = false
    ) -> (output: Tensor, statistics: [Double]) {
        precondition(
            rank >= 3 && groups > 0 && shape[rank - 1] % groups == 0
                && weight.count == shape[rank - 1] && bias.count == shape[rank - 1]
                && weight.dtype == dtype && bias.dtype == dtype,
            "groupNorm: \(shape), \(groups) groups, weight \(weight.shape), bias \(bias.shape)")
        let (samples, rows, channels) = sampleRows, width = channels / groups
        let kernels = Kernels.table(dtype)
        let sums = unsafe channelSums(reading: [self]) { block, input, sums in
            unsafe kernels.channel_moments(input[0] + block.at, sums, block.rows, channels)
        }
        var statistics: [Double] = []
        let n = Double(max(1, rows * width))
        for group in 0..<samples * groups {
            // A sample has the sums of its channels, then their sums of squares.
            let first = group / groups * 2 * channels + group % groups * width
            let mean = sums[first..<first + width].reduce(0, +) / n
            let square = sums[first + channels..<first + channels + width].reduce(0, +) / n
            let variance = max(0, square - mean * mean)
            statistics += [mean, 1 / (variance + epsilon).squareRoot()]
        }
        let map = channelMap(groups: groups, weight: weight, bias: bias, statistics)
        let output = unsafe Tensor.make(shape, dtype, reading: [self, map]) { output, input in
            forBlocks { block in
                unsafe kernels.channel_affine(
                    input[0] + block.at, input[1] + block.mapAt, output + block.at, relu ? 1 : 0,
                    block.rows, channels)
            }
        }
        return (output, statistics)
    }

    /// The gradients by input, weight and bias, `self` being the input.
    ///
    /// - Parameters:
    ///   - gradient: By the result.
    ///   - statistics: What ``groupNormalized(groups:weight:bias:epsilon:relu:)`` gave.
    ///   - reluBias: The bias `[C]` where ReLU followed: its mask is worked out again.
    package func groupNormGradient(
        _ gradient: Tensor, groups: Int, weight: Tensor, statistics: [Double],
        reluBias: Tensor? = nil
    ) -> (input: Tensor, weight: Tensor, bias: Tensor) {
        precondition(
            gradient.shape == shape && gradient.dtype == dtype
                && statistics.count == shape[0] * groups * 2,
            "groupNorm gradient: \(gradient.shape) for \(shape), \(statistics.count) statistics")
        let (samples, rows, channels) = sampleRows, width = channels / groups
        let kernels = Kernels.table(dtype), relu: Int32 = reluBias == nil ? 0 : 1
        let bias = reluBias ?? Tensor(zeros: [channels], dtype: dtype)
        let map = channelMap(groups: groups, weight: weight, bias: bias, statistics)
        let sums = unsafe channelSums(reading: [self, gradient, map]) { block, input, sums in
            unsafe kernels.channel_affine_sums(
                input[0] + block.at, input[1] + block.at, input[2] + block.mapAt, sums, relu,
                block.rows, channels)
        }
        let w = weight.doubles, n = Double(max(1, rows * width))
        var byWeight = [Double](repeating: 0, count: channels), byBias = byWeight
        // dx = a h + b (x - mean) + d by channel, h being the gradient behind ReLU's mask.
        var factors = [Double](repeating: 0, count: samples * 3 * channels)
        for group in 0..<samples * groups {
            let sample = group / groups, first = group % groups * width
            let scale = statistics[2 * group + 1]
            var (total, product) = (0.0, 0.0)
            for channel in first..<first + width {
                let at = sample * 2 * channels + channel
                let dot = scale * sums[at + channels]
                byWeight[channel] += dot
                byBias[channel] += sums[at]
                total += w[channel] * sums[at] / n
                product += w[channel] * dot / n
            }
            for channel in first..<first + width {
                let at = sample * 3 * channels + channel
                factors[at] = scale * w[channel]
                factors[at + channels] = -scale * scale * product
                factors[at + 2 * channels] = -scale * total
            }
        }
        let factorMap = Tensor(factors, shape: map.shape, dtype: dtype)
        let byInput = unsafe Tensor.make(shape, dtype, reading: [self, gradient, map, factorMap]) {
            output, input in
            forBlocks { block in
                unsafe kernels.channel_affine_gradient(
                    input[0] + block.at, input[1] + block.at, input[2] + block.mapAt,
                    input[3] + block.mapAt, output + block.at, relu, block.rows, channels)
            }
        }
        return (
            byInput, Tensor(byWeight, shape: weight.shape, dtype: dtype),
            Tensor(byBias, shape: weight.shape, dtype: dtype)
        )
    }

    private var sampleRows: (samples: Int, rows: Int, channels: Int) {
        (shape[0], shape[1..<rank - 1].reduce(1, *), shape[rank - 1])
    }

    /// Mean, factor and shift of each sample's channels: `[N, 3, C]`.
    func channelMap(
        groups: Int, weight: Tensor, bias: Tensor, _ statistics: [Double]
    ) -> Tensor {
        let (samples, _, channels) = sampleRows, width = channels / groups
        let (w, b) = (weight.doubles, bias.doubles)
        var values: [Double] = []
        for sample in 0..<samples {
            let at = (0..<channels).map { 2 * (sample * groups + $0 / width) }
            values += at.map { statistics[$0] }
            values += zip(at, w).map { statistics[$0 + 1] * $1 }
            values += b
        }
        return Tensor(values, shape: [samples, 3, channels], dtype: dtype)
    }

    /// Rows of a block, and blocks of a sample.
    private var blocks: (length: Int, count: Int) {
        let (_, rows, channels) = sampleRows, length = max(16, (1 << 16) / max(1, channels))
        return (length, (rows + length - 1) / length)
    }

    /// Some rows of one sample.
    struct RowBlock {
        /// Its number among all samples' blocks.
        let index: Int
        /// Bytes before its first row, and before its sample's map in `[N, 3, C]`.
        let at: Int, mapAt: Int
        let rows: Int
    }

    /// Runs `body` for each block of rows, in any order.
    func forBlocks(_ body: (RowBlock) -> Void) {
        let (samples, rows, channels) = sampleRows, size = dtype.byteSize
        let (length, pieces) = blocks
        Parallel.forEach(samples * pieces) { index in
            let sample = index / pieces, first = index % pieces * length
            body(
                RowBlock(
                    index: index, at: (sample * rows + first) * channels * size,
                    mapAt: sample * 3 * channels * size, rows: min(length, rows - first)))
        }
    }

    /// Two sums a channel over each sample's rows, `[N, 2, C]`; `body` adds those of a block.
    func channelSums(
        reading inputs: [Tensor],
        _ body: (RowBlock, [UnsafeRawPointer], UnsafeMutablePointer<Double>) -> Void
    ) -> [Double] {
        let (samples, _, channels) = sampleRows, pieces = blocks.count
        var parts = [Double](repeating: 0, count: samples * pieces * 2 * channels)
        unsafe parts.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe Tensor.withPointers(inputs) { input in
                forBlocks { unsafe body($0, input, base + $0.index * 2 * channels) }
            }
        }
        var sums = [Double](repeating: 0, count: samples * 2 * channels)
        for piece in 0..<samples * pieces {
            let from = piece * 2 * channels, to = piece / pieces * 2 * channels
            for index in 0..<2 * channels { sums[to + index] += parts[from + index] }
        }
        return sums
    }
}
