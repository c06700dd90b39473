// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// The moving mean of the positives that a loss is divided by; saved with the weights, never trained.
struct LossNormalizer {
    /// The mean, of shape [1].
    let mean: Parameter

    /// A mean that begins with a number.
    init(_ start: Double) {
        mean = Parameter(Tensor(repeating: start, shape: [1]))
        mean.isTrainable = false
    }

    /// What a loss over some positives is divided by; training moves the mean first.
    func divisor(positives: Int, _ context: Context) -> Double {
        if context.isTraining {
            let moved = 0.9 * mean.tensor.item + 0.1 * Double(max(1, positives))
            mean.tensor = Tensor([moved], shape: [1], dtype: mean.tensor.dtype)
        }
        return mean.tensor.item
    }
}
