// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Group normalisation as a node.
extension Variable {
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
        let x = tensor, w = weight.tensor, reluBias = relu ? bias.tensor : nil
        let (output, statistics) = x.groupNormalized(
            groups: groups, weight: w, bias: bias.tensor, epsilon: epsilon, relu: relu)
        return Variable.operation(output, inputs: [self, weight, bias]) { gradient in
            let parts = x.groupNormGradient(
                gradient, groups: groups, weight: w, statistics: statistics, reluBias: reluBias)
            return [parts.input, parts.weight, parts.bias]
        }
    }
}
