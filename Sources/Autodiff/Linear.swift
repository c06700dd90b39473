// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Affine maps of the last axis as nodes.
extension Variable {
    /// `x * weight^T + bias` over the last axis.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]` for `[..., in]`.
    package func linear(weight: Variable, bias: Variable? = nil) -> Variable {
        let result = tensor.linear(weight: weight.tensor, bias: bias?.tensor)
        let backward = Variable.linearBackward(input: self, weight: weight, bias: bias)
        return Variable.operation(
            result, inputs: [self, weight] + (bias.map { [$0] } ?? []), backward: backward)
    }

    /// `gelu(x * weight^T + bias)` with the exact (erf) GELU.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]` for `[..., in]`.
    package func linearGELU(weight: Variable, bias: Variable? = nil) -> Variable {
        let isRecorded =
            needsGradient || weight.needsGradient || (bias?.needsGradient ?? false)
        let (result, preActivation) = tensor.linearGELU(
            weight: weight.tensor, bias: bias?.tensor, keepingPreActivation: isRecorded)
        guard let preActivation else { return Variable(result) }
        let backward = Variable.linearBackward(input: self, weight: weight, bias: bias)
        return Variable.operation(
            result, inputs: [self, weight] + (bias.map { [$0] } ?? [])
        ) { gradient in
            var inner = consume gradient
            inner.multiplyByGELUSlope(at: preActivation)
            return backward(inner)
        }
    }

    /// The backward pass of an affine map, which keeps only what the wanted gradients need.
    private static func linearBackward(
        input: Variable, weight: Variable, bias: Variable?
    ) -> Tape.Backward {
        let w = input.needsGradient ? weight.tensor : nil
        let x = weight.needsGradient ? input.tensor : nil
        let hasBias = bias != nil, needsBias = bias?.needsGradient ?? false
        return { gradient in
            let biasGradient = needsBias ? gradient.columnSums() : nil
            let weightGradient = x.map { gradient.linearWeightGradient(input: $0) }
            let inputGradient = w.map { gradient.linearInputGradient(weight: $0) }
            return [inputGradient, weightGradient] + (hasBias ? [biasGradient] : [])
        }
    }

    /// The exact (erf) GELU of each scalar.
    package func gelu() -> Variable {
        let x = tensor
        return Variable.operation(x.gelu(), inputs: [self]) { gradient in
            var inner = consume gradient
            inner.multiplyByGELUSlope(at: x)
            return [inner]
        }
    }
}
