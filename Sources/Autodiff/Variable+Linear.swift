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
    public func linear(weight: Variable, bias: Variable? = nil) -> Variable {
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
    public func linearGELU(weight: Variable, bias: Variable? = nil) -> Variable {
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

    /// `gelu(x * W1^T + b1) * W2^T + b2`, the MLP of a transformer, as one node.
    ///
    /// Keeps the input and what went into the GELU; its result, as large again, is worked out
    /// once more in the backward pass.
    ///
    /// - Parameters:
    ///   - first: The weight `[hidden, in]` and the bias `[hidden]` before the GELU.
    ///   - second: The weight `[out, hidden]` and the bias `[out]` after it.
    /// - Returns: `[..., out]` for `[..., in]`.
    package func mlp(
        _ first: (weight: Variable, bias: Variable?), _ second: (weight: Variable, bias: Variable?)
    ) -> Variable {
        let inputs =
            [self, first.weight, second.weight] + [first.bias, second.bias].compactMap { $0 }
        let isRecorded = inputs.contains { $0.needsGradient }
        let (hidden, preActivation) = tensor.linearGELU(
            weight: first.weight.tensor, bias: first.bias?.tensor,
            keepingPreActivation: isRecorded)
        let result = hidden.linear(weight: second.weight.tensor, bias: second.bias?.tensor)
        guard let preActivation else { return Variable(result) }
        let back = Variable.linearBackward(input: self, weight: first.weight, bias: first.bias)
        let w = second.weight.tensor, hasBias = (first.bias != nil, second.bias != nil)
        let needs = (weight: second.weight.needsGradient, bias: second.bias?.needsGradient ?? false)
        var saved: Tensor? = preActivation
        return Variable.operation(result, inputs: inputs) { gradient in
            let biasGradient = needs.bias ? gradient.columnSums() : nil
            let weightGradient =
                needs.weight
                ? saved.map { gradient.linearWeightGradient(input: $0.gelu()) } : nil
            var inner = gradient.linearInputGradient(weight: w)
            // The walk comes here once: what is used up goes before the input's gradient is made.
            if let before = saved.take() { inner.multiplyByGELUSlope(at: before) }
            let rest = back(inner)
            return [rest[0], rest[1], weightGradient] + (hasBias.0 ? [rest[2]] : [])
                + (hasBias.1 ? [biasGradient] : [])
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
    public func gelu() -> Variable {
        let x = tensor
        return Variable.operation(x.gelu(), inputs: [self]) { gradient in
            var inner = consume gradient
            inner.multiplyByGELUSlope(at: x)
            return [inner]
        }
    }
}
