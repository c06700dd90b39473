// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Updates each parameter as soon as its gradient is complete, while the backward pass still runs:
/// beside weights and moments, only incomplete gradients need memory.
///
/// The bits are those of updates after the backward pass, since nothing behind a parameter's last
/// gradient reads it again in the step. A gradient that isn't finite is noticed when others are
/// updated already; the step then fails, and training goes on from weights that were saved.
package final class UpdateInBackward: GradientSink {
    private let optimizer: AdamW
    private let rates: [String: Double]
    private let step: Int
    private var squares: [Double]
    private var failure: OptimizerError?

    /// One step's updates of what `optimizer` trains.
    ///
    /// - Parameters:
    ///   - rates: The learning rate of each group.
    ///   - step: For messages, counted from 1.
    package init(_ optimizer: AdamW, rates: [String: Double], step: Int) {
        self.optimizer = optimizer
        self.rates = rates
        self.step = step
        squares = Array(repeating: -1, count: optimizer.slots.count)
    }

    /// Yes.
    package var takesInBackward: Bool { true }

    /// Updates a parameter.
    package func take(_ index: Int, _ gradient: consuming Tensor?) {
        guard failure == nil, let gradient = gradient.take() else { return }
        do throws(OptimizerError) {
            squares[index] = try optimizer.update(
                index, gradient: gradient, rates: rates, step: step)
        } catch {
            failure = OptimizerError(kind: .gradientInBackward, problem: error.problem)
        }
    }

    /// The global norm of the step's gradients.
    ///
    /// - Throws: where one wasn't finite, and where there was none.
    package func update(_ optimizer: AdamW, rates: [String: Double], step: Int)
        throws(OptimizerError) -> Double
    {
        if let failure { throw failure }
        return try AdamW.norm(squares, step: step)
    }
}
