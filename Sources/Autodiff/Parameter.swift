// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// A tensor that training may change, with the gradient that accumulates beside it.
///
/// Owned by one task, as modules and tapes are.
package final class Parameter {
    /// The values.
    package var tensor: Tensor
    /// The gradient summed since it was last cleared, of the shape of ``tensor``.
    package var gradient: Tensor?
    /// Whether a backward pass works out a gradient.
    package var isTrainable = true

    /// A parameter that starts at `tensor`.
    package init(_ tensor: Tensor) { self.tensor = tensor }

    /// The size of each axis.
    package var shape: [Int] { tensor.shape }

    /// Adds to the gradient.
    package func accumulate(_ gradient: consuming Tensor) {
        precondition(
            gradient.shape == tensor.shape,
            "a gradient of shape \(gradient.shape) for a parameter of shape \(tensor.shape)")
        if self.gradient == nil {
            self.gradient = gradient
        } else {
            self.gradient?.add(gradient)
        }
    }
}
