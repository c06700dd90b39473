// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Normalization as nodes.
extension Variable {
    /// Layer normalization over the last axis; keeps the input and two numbers a row.
    ///
    /// - Parameters:
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - epsilon: Added to the variance.
    package func layerNorm(weight: Variable, bias: Variable, epsilon: Double) -> Variable {
        let x = tensor, gamma = weight.tensor
        let (result, statistics) = x.layerNorm(
            weight: gamma, bias: bias.tensor, epsilon: epsilon)
        let needs = (
            input: needsGradient, weight: weight.needsGradient, bias: bias.needsGradient
        )
        return Variable.operation(result, inputs: [self, weight, bias]) { gradient in
            let gradients = x.layerNormGradients(
                of: gradient, weight: gamma, statistics: statistics, needs: needs)
            return [gradients.input, gradients.weight, gradients.bias]
        }
    }
}
