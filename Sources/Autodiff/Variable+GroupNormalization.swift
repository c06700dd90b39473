// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Group and batch normalisation as nodes.
extension Variable {
    /// Normalises each channel of `[..., C]` over all its positions (Ioffe and Szegedy, ICML
    /// 2015), with the batch's own statistics.
    ///
    /// Keeps the input alone, with ReLU too.
    ///
    /// - Returns: The result, and the mean and variance (over n) of each channel.
    package func batchNorm(
        weight: Variable, bias: Variable, epsilon: Double = 1e-5, relu: Bool = false
    ) -> (output: Variable, mean: [Double], variance: [Double]) {
        let channels = shape[shape.count - 1]
        let (output, statistics) = reshaped(to: [1, -1, channels]).normalized(
            groups: channels, weight: weight, bias: bias, epsilon: epsilon, relu: relu)
        return (
            output.reshaped(to: shape), (0..<channels).map { statistics[2 * $0] },
            (0..<channels).map {
                max(0, 1 / (statistics[2 * $0 + 1] * statistics[2 * $0 + 1]) - epsilon)
            }
        )
    }

    /// Normalises `[N, ..., C]` over all positions and the channels of each group, as PyTorch
    /// does `[N, C, ...]`.
    ///
    /// Keeps the input alone, with ReLU too.
    ///
    /// - Parameters:
    ///   - groups: A divisor of C.
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - epsilon: Added to the variance.
    ///   - relu: Whether ReLU follows.
    package func groupNorm(
        groups: Int, weight: Variable, bias: Variable, epsilon: Double = 1e-5, relu: Bool = false
    ) -> Variable {
        normalized(groups: groups, weight: weight, bias: bias, epsilon: epsilon, relu: relu).output
    }

    private func normalized(
        groups: Int, weight: Variable, bias: Variable, epsilon: Double, relu: Bool
    ) -> (output: Variable, statistics: [Double]) {
        let x = tensor, w = weight.tensor, reluBias = relu ? bias.tensor : nil
        let (output, statistics) = x.groupNormalized(
            groups: groups, weight: w, bias: bias.tensor, epsilon: epsilon, relu: relu)
        let result = Variable.operation(output, inputs: [self, weight, bias]) { gradient in
            let parts = x.groupNormGradient(
                gradient, groups: groups, weight: w, statistics: statistics, reluBias: reluBias)
            return [parts.input, parts.weight, parts.bias]
        }
        return (result, statistics)
    }
}
