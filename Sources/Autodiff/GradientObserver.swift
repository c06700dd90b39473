// SPDX-License-Identifier: Apache-2.0

/// Told, while the backward pass still runs, which parameters' gradients are complete.
///
/// Every use of a parameter in a step's forward pass is matched by one gradient in its backward
/// pass: the leaf of a tape, or of a repeated pass of the layers that keep nothing. When as many
/// have arrived as were announced, the gradient is whole. Uses without a match leave a parameter
/// incomplete to the end of the pass, which only costs time.
package protocol GradientObserver: AnyObject {
    /// A forward pass uses a parameter and its backward pass will come back to it.
    func willUse(_ parameter: Parameter)
    /// The backward pass has added what one use contributes, if anything.
    func didFinish(_ parameter: Parameter)
}
