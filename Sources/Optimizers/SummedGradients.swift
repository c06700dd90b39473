// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Tensors

/// The gradients of a step's passes, summed in their order.
///
/// Each pass's gradient of a parameter is worked out on its own and then added, so that the sum has
/// the same bits whichever process makes which pass. It is added as soon as it is complete: beside
/// the sums, only what is incomplete needs memory.
package final class SummedGradients: GradientSink {
    private let parameters: [Parameter]
    private var sums: [Tensor?]
    private var isLast = false

    /// Sums of what `optimizer` trains.
    package init(_ optimizer: AdamW) {
        parameters = optimizer.slots.map(\.parameter)
        sums = Array(repeating: nil, count: parameters.count)
    }

    /// Yes.
    package var takesInBackward: Bool { true }

    /// Notes which pass is the last one.
    package func beginPass(isLast: Bool) { self.isLast = isLast }

    /// Adds a gradient to its sum.
    package func take(_ index: Int, _ gradient: consuming Tensor?) {
        guard let gradient = gradient.take() else { return }
        if sums[index] == nil {
            sums[index] = gradient
        } else {
            sums[index]?.add(gradient)
        }
    }

    /// After the last pass, the sums go to the parameters.
    package func endPass() {
        guard isLast else { return }
        for index in parameters.indices { parameters[index].gradient = sums[index].take() }
    }
}
