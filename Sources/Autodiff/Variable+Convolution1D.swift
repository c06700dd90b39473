// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Convolutions along the time axis as nodes.
extension Variable {
    /// The convolution of `[B, T, Cin]`, with ReLU where asked for.
    ///
    /// - Parameters:
    ///   - weight: `[Cout, Cin, K]`.
    ///   - bias: `[Cout]`.
    ///   - stride: Positions between two outputs.
    ///   - padding: Zero positions before and after the sequence.
    ///   - relu: Whether ReLU follows; its mask is the kept output.
    /// - Returns: `[B, (T + 2 padding - K) / stride + 1, Cout]`.
    package func conv1d(
        weight: Variable, bias: Variable?, stride: Int = 1, padding: Int = 0, relu: Bool = false
    ) -> Variable {
        let x = tensor, w = weight.tensor
        let taps = Convolution1DShape(stride: stride, padding: padding)
        let needs = (needsGradient, weight.needsGradient, bias?.needsGradient ?? false)
        let linear = x.convolved1D(w, bias: bias?.tensor, taps)
        let output = relu ? linear.relu() : linear
        let mask = relu ? output : nil, hasBias = bias != nil
        let length = x.shape[1], kernel = w.shape[2]
        return Variable.operation(output, inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
            gradient in
            let g = mask.map { gradient.reluGradient(output: $0) } ?? gradient
            let byInput =
                needs.0 ? g.convolution1DInputGradient(w, length: length, taps) : nil
            let byWeight =
                needs.1 ? g.convolution1DWeightGradient(x, kernel: kernel, taps) : nil
            guard hasBias else { return [byInput, byWeight] }
            return [byInput, byWeight, needs.2 ? g.columnSums() : nil]
        }
    }

    /// The transposed convolution of `[B, T, Cin]`, with ReLU where asked for.
    ///
    /// - Parameters:
    ///   - weight: `[Cin, Cout, K]`.
    ///   - bias: `[Cout]`.
    ///   - stride: Output positions between two inputs.
    ///   - padding: Positions cut from both ends of the output.
    ///   - outputPadding: Positions kept at the end of the output, below the stride.
    ///   - relu: Whether ReLU follows.
    /// - Returns: `[B, (T - 1) stride - 2 padding + K + outputPadding, Cout]`.
    package func convTranspose1d(
        weight: Variable, bias: Variable?, stride: Int = 1, padding: Int = 0,
        outputPadding: Int = 0, relu: Bool = false
    ) -> Variable {
        let x = tensor, w = weight.tensor, kernel = w.shape[2]
        let length = (x.shape[1] - 1) * stride - 2 * padding + kernel + outputPadding
        precondition(
            outputPadding >= 0 && outputPadding < stride && length > 0,
            "convTranspose1d: \(x.shape), weight \(w.shape), output padding \(outputPadding)")
        let taps = Convolution1DShape(stride: stride, padding: padding)
        let needs = (needsGradient, weight.needsGradient, bias?.needsGradient ?? false)
        let linear = x.convolution1DInputGradient(w, length: length, bias: bias?.tensor, taps)
        let output = relu ? linear.relu() : linear
        let mask = relu ? output : nil, hasBias = bias != nil
        return Variable.operation(output, inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
            gradient in
            let g = mask.map { gradient.reluGradient(output: $0) } ?? gradient
            let byInput = needs.0 ? g.convolved1D(w, bias: nil, taps) : nil
            let byWeight =
                needs.1 ? x.convolution1DWeightGradient(g, kernel: kernel, taps) : nil
            guard hasBias else { return [byInput, byWeight] }
            return [byInput, byWeight, needs.2 ? g.columnSums() : nil]
        }
    }
}
