// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Tensors

/// The loss mean(features²), by which gradients and steps are compared.
package enum MeanSquare {
    /// The loss, a float64 whatever the features are.
    package static func loss(_ features: Variable) -> Variable {
        let tensor = features.tensor, count = Double(max(1, tensor.count))
        return .operation(
            Tensor([tensor.dot(tensor) / count], shape: [1]), inputs: [features]
        ) { gradient in
            [tensor.scaled(by: 2 * gradient.item / count)]
        }
    }
}
