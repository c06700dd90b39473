// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// A tensor that training may change, with the gradient that accumulates beside it.
///
/// Owned by one task, as modules and tapes are.
public final class Parameter {
    /// The values.
    public var tensor: Tensor
    /// The gradient summed since it was last cleared, of the shape of ``tensor``.
    public var gradient: Tensor?
    /// Whether a backward pass works out a gradient.
    public var isTrainable = true

    /// A parameter that starts at `tensor`.
    public init(_ tensor: Tensor) { self.tensor = tensor }

    /// The size of each axis.
    public var shape: [Int] { tensor.shape }

    /// Adds to the gradient.
    public func accumulate(_ gradient: consuming Tensor) {
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
