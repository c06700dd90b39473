// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Resampling along time as a node.
extension Variable {
    /// `[B, T, C]` at another length.
    package func interpolated(to length: Int, _ mode: InterpolationMode) -> Variable {
        let before = shape[1]
        return Variable.operation(tensor.interpolated(to: length, mode), inputs: [self]) {
            [$0.interpolationGradient(length: before, mode)]
        }
    }
}
