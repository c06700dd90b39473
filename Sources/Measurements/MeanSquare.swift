// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Tensors

/// The loss mean(features²), by which gradients and steps are compared.
package enum MeanSquare {
    /// Walks the tape backwards from the loss.
    ///
    /// - Returns: The loss.
    package static func backward(_ features: Variable, on tape: Tape) -> Double {
        let count = Double(max(1, features.tensor.count))
        let loss = features.tensor.dot(features.tensor) / count
        tape.backward(from: features, gradient: features.tensor.scaled(by: 2 / count))
        return loss
    }
}
