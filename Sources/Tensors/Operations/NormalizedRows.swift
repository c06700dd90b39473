// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Batch normalisation of `[rows, C]` with ReLU behind it, for rows that come part by part, more
/// than once: for the statistics, for the results, and as often in the backward pass.
///
/// Whoever can make rows again need not keep them. The results are those of ``Tensor/groupNormalized(groups:weight:bias:epsilon:relu:)``
/// with a group a channel; sums over rows depend on the parts in their last bits.
package struct NormalizedRows {
    private let weight: Tensor
    private let bias: Tensor
    private let epsilon: Double
    private var rows = 0
    private var sums: [Double]
    /// Mean, factor and shift of each channel, `[1, 3, C]`.
    private var map: Tensor?

    /// No rows yet.
    ///
    /// - Parameters:
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - epsilon: Added to the variance.
    package init(weight: Tensor, bias: Tensor, epsilon: Double) {
        precondition(
            weight.count == bias.count && weight.dtype == bias.dtype,
            "NormalizedRows: weight \(weight.shape), bias \(bias.shape)")
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
        sums = Array(repeating: 0, count: 2 * weight.count)
    }

    private var channels: Int { weight.count }

    /// A part as one sample.
    private func sample(_ part: Tensor) -> Tensor {
        precondition(
            part.rank == 2 && part.shape[1] == channels && part.dtype == weight.dtype,
            "NormalizedRows: a part of \(part.shape) for \(channels) channels")
        return part.reshaped(to: [1, part.shape[0], channels])
    }

    /// Counts a part's rows in the statistics.
    package mutating func count(_ part: Tensor) {
        let kernels = Kernels.table(part.dtype), channels = channels
        let own = unsafe sample(part).channelSums(reading: [part]) { block, input, sums in
            unsafe kernels.channel_moments(input[0] + block.at, sums, block.rows, channels)
        }
        for index in sums.indices { sums[index] += own[index] }
        rows += part.shape[0]
        map = nil
    }

    /// The mean and the variance (over n) of each channel, once all rows are counted.
    package var statistics: (mean: [Double], variance: [Double]) {
        let n = Double(max(1, rows))
        let mean = sums[..<channels].map { $0 / n }
        return (mean, (0..<channels).map { max(0, sums[channels + $0] / n - mean[$0] * mean[$0]) })
    }

    private var inverses: [Double] {
        statistics.variance.map { 1 / ($0 + epsilon).squareRoot() }
    }

    /// Ends the counting.
    package mutating func finish() {
        let (mean, inverses) = (statistics.mean, inverses)
        map = Tensor(zeros: [1, 1, channels], dtype: weight.dtype).channelMap(
            groups: channels, weight: weight, bias: bias,
            (0..<channels).flatMap { [mean[$0], inverses[$0]] })
    }

    private var finishedMap: Tensor {
        guard let map else { preconditionFailure("NormalizedRows before finish()") }
        return map
    }

    /// A part's rows, normalised, weighted, and with 0 for negative results.
    package func callAsFunction(_ part: Tensor) -> Tensor {
        let kernels = Kernels.table(part.dtype), map = finishedMap, channels = channels
        let whole = sample(part)
        return unsafe .make(part.shape, part.dtype, reading: [part, map]) { output, input in
            whole.forBlocks { block in
                unsafe kernels.channel_affine(
                    input[0] + block.at, input[1], output + block.at, 1, block.rows, channels)
            }
        }
    }

    /// The backward pass, in two rounds over all parts.
    package struct Backward {
        private let forward: NormalizedRows
        private var sums: [Double]
        private var factors: Tensor?

        init(_ forward: NormalizedRows) {
            self.forward = forward
            sums = Array(repeating: 0, count: 2 * forward.channels)
        }

        /// The first round: a part's rows and the gradient by their results.
        package mutating func count(_ part: Tensor, _ gradient: Tensor) {
            precondition(gradient.shape == part.shape, "\(gradient.shape) for \(part.shape)")
            let kernels = Kernels.table(part.dtype), channels = forward.channels
            let own = unsafe forward.sample(part).channelSums(
                reading: [part, gradient, forward.finishedMap]
            ) { block, input, sums in
                unsafe kernels.channel_affine_sums(
                    input[0] + block.at, input[1] + block.at, input[2], sums, 1, block.rows,
                    channels)
            }
            for index in sums.indices { sums[index] += own[index] }
        }

        /// The gradients by weight and bias, between the rounds.
        package mutating func finish() -> (weight: Tensor, bias: Tensor) {
            let channels = forward.channels, w = forward.weight.doubles
            let scales = forward.inverses, n = Double(max(1, forward.rows))
            let byWeight = (0..<channels).map { scales[$0] * sums[channels + $0] }
            let byBias = Array(sums[..<channels])
            // dx = a h + b (x - mean) + d by channel, h being the gradient behind ReLU's mask.
            let a = (0..<channels).map { scales[$0] * w[$0] }
            let b = (0..<channels).map { -a[$0] * scales[$0] * byWeight[$0] / n }
            let d = (0..<channels).map { -a[$0] * byBias[$0] / n }
            let dtype = forward.weight.dtype
            factors = Tensor(a + b + d, shape: [1, 3, channels], dtype: dtype)
            let shape = forward.weight.shape
            return (
                Tensor(byWeight, shape: shape, dtype: dtype),
                Tensor(byBias, shape: shape, dtype: dtype)
            )
        }

        /// The second round: the gradient by a part's rows.
        package func gradient(_ part: Tensor, _ gradient: Tensor) -> Tensor {
            guard let factors else { preconditionFailure("NormalizedRows before finish()") }
            return mapped(part, gradient, factors)
        }

        /// The share of the gradient by a part's rows that knows no other rows, in the first round.
        package func direct(_ part: Tensor, _ gradient: Tensor) -> Tensor {
            let scales = forward.inverses, w = forward.weight.doubles, channels = forward.channels
            let a = (0..<channels).map { scales[$0] * w[$0] }
            let none = [Double](repeating: 0, count: 2 * channels)
            return mapped(
                part, gradient, Tensor(a + none, shape: [1, 3, channels], dtype: part.dtype))
        }

        /// The other share, by the statistics of all rows, in the second round.
        package func indirect(_ part: Tensor) -> Tensor {
            gradient(part, Tensor(zeros: part.shape, dtype: part.dtype))
        }

        private func mapped(_ part: Tensor, _ gradient: Tensor, _ factors: Tensor) -> Tensor {
            precondition(gradient.shape == part.shape, "\(gradient.shape) for \(part.shape)")
            let kernels = Kernels.table(part.dtype), channels = forward.channels
            let whole = forward.sample(part)
            return unsafe .make(
                part.shape, part.dtype, reading: [part, gradient, forward.finishedMap, factors]
            ) { output, input in
                whole.forBlocks { block in
                    unsafe kernels.channel_affine_gradient(
                        input[0] + block.at, input[1] + block.at, input[2], input[3],
                        output + block.at, 1, block.rows, channels)
                }
            }
        }
    }

    /// The backward pass of the rows counted.
    package var backward: Backward { Backward(self) }
}
