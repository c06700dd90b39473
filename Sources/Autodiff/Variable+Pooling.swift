// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Pooling as a node.
extension Variable {
    /// The maxima of windows of `[B, T, C]` along time; equal values pass to the first.
    ///
    /// - Returns: `[B, (T + 2 padding - kernel) / stride + 1, C]`.
    package func maxPool1d(kernel: Int, stride: Int, padding: Int = 0) -> Variable {
        let x = tensor
        let output = x.maxPooled1D(kernel: kernel, stride: stride, padding: padding)
        return Variable.operation(output, inputs: [self]) { gradient in
            [x.maxPool1DGradient(gradient, kernel: kernel, stride: stride, padding: padding)]
        }
    }
}
