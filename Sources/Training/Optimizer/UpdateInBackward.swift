// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Files
package import Optimizers
import Tensors

/// Updates each parameter as soon as its gradient is complete, while the backward pass still runs:
/// beside weights and moments, only incomplete gradients need memory.
///
/// The bits are those of updates after the backward pass, since nothing behind a parameter's last
/// gradient reads it again in the step. A gradient that isn't finite is noticed when others are
/// updated already; the step then fails, and the run goes on from its last checkpoint.
package final class UpdateInBackward: GradientSum {
    private let optimizer: AdamW
    private var rates: [String: Double] = [:]
    private var step = 0
    private var squares: [Double] = []
    private var failure: InputError?

    /// An observer of backward passes that updates what `optimizer` trains.
    package init(_ optimizer: AdamW) {
        self.optimizer = optimizer
        super.init(optimizer.slots.map(\.parameter))
    }

    /// Begins a step.
    ///
    /// - Parameters:
    ///   - rates: The learning rate of each group.
    ///   - step: For messages, counted from 1.
    package func begin(rates: [String: Double], step: Int) {
        self.rates = rates
        self.step = step
        squares = Array(repeating: -1, count: parameters.count)
    }

    override func take(_ index: Int, _ gradient: consuming Tensor?) {
        guard failure == nil, let gradient = gradient.take() else { return }
        do throws(InputError) {
            squares[index] = try optimizer.update(
                index, gradient: gradient, rates: rates, step: step)
        } catch {
            failure = InputError(
                "\(error) without optimizer.inBackward; other parameters are updated already, so go "
                    + "on from the run's last checkpoint, if there is one")
        }
    }

    /// The global norm of the step's gradients.
    ///
    /// - Throws: where one wasn't finite, and where there was none.
    package func norm() throws(InputError) -> Double {
        if let failure { throw failure }
        return try AdamW.norm(squares, step: step)
    }
}
