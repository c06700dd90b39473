// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Group normalisation as a node.
extension Variable {
    /// Normalises `[B, T, C]` over T and the channels of each group, as PyTorch does `[B, C, T]`.
    ///
    /// - Parameters:
    ///   - groups: A divisor of C.
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - epsilon: Added to the variance.
    package func groupNorm(groups: Int, weight: Variable, bias: Variable, epsilon: Double = 1e-5)
        -> Variable
    {
        let x = tensor, w = weight.tensor
        let (output, statistics) = x.groupNormalized(
            groups: groups, weight: w, bias: bias.tensor, epsilon: epsilon)
        return Variable.operation(output, inputs: [self, weight, bias]) { gradient in
            let parts = x.groupNormGradient(
                gradient, groups: groups, weight: w, statistics: statistics)
            return [parts.input, parts.weight, parts.bias]
        }
    }
}
