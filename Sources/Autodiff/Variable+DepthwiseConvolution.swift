// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Convolutions along the time axis that keep channels apart, as nodes.
extension Variable {
    /// The convolution of each channel of `[B, T, C]` with its own filter.
    ///
    /// - Parameters:
    ///   - weight: `[C, 1, K]`.
    ///   - stride: Positions between two outputs.
    ///   - padding: Zero positions before and after the sequence.
    /// - Returns: `[B, (T + 2 padding - K) / stride + 1, C]`.
    package func depthwiseConv1d(weight: Variable, stride: Int = 1, padding: Int = 0) -> Variable {
        let x = tensor, w = weight.tensor
        let taps = Convolution1DShape(stride: stride, padding: padding)
        let needsInput = needsGradient, length = x.shape[1]
        let kept = weight.needsGradient ? x : nil
        return Variable.operation(
            x.depthwiseConvolved1D(w, taps), inputs: [self, weight]
        ) { gradient in
            [
                needsInput ? gradient.depthwiseInputGradient(w, length: length, taps) : nil,
                kept.map { gradient.depthwiseWeightGradient($0, kernel: w.shape[2], taps) },
            ]
        }
    }
}
