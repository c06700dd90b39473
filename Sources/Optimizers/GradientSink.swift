// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Where the gradients of a step go: they stay with their parameters (``HeldGradients``), are summed
/// over several passes (``SummedGradients``), update their parameters while the backward pass still
/// runs (``UpdateInBackward``), or are summed over processes.
package protocol GradientSink: AnyObject {
    /// Whether gradients are taken as soon as they are complete, while the backward pass still runs.
    var takesInBackward: Bool { get }

    /// The numbers of the step's passes that this process makes, in order.
    func passes(of count: Int) -> [Int]

    /// Begins a forward and backward pass; the parameters' gradients are nil.
    ///
    /// - Parameter isLast: Whether it is this process's last one of the step.
    func beginPass(isLast: Bool)

    /// Takes a parameter's complete gradient of a pass; nil where it had no part in the loss.
    ///
    /// - Parameter index: The parameter's, in the optimizer's order.
    func take(_ index: Int, _ gradient: consuming Tensor?)

    /// Ends a pass; after the last one, gradients that the update needs are with their parameters.
    func endPass() throws

    /// The losses of all passes, in their order, from those of this process's own.
    func exchange(_ losses: [PassLosses]) throws -> [PassLosses]

    /// Updates what the passes haven't updated yet.
    ///
    /// - Parameters:
    ///   - rates: The learning rate of each group.
    ///   - step: For messages, counted from 1.
    /// - Returns: the global norm of the gradients before clipping.
    func update(_ optimizer: AdamW, rates: [String: Double], step: Int) throws -> Double
}

extension GradientSink {
    /// All.
    package func passes(of count: Int) -> [Int] { Array(0..<count) }
    /// Nothing to do.
    package func beginPass(isLast: Bool) {}
    /// Nothing to do.
    package func endPass() throws {}
    /// This process has made all passes.
    package func exchange(_ losses: [PassLosses]) throws -> [PassLosses] { losses }
    /// The optimizer's update by the gradients that are with their parameters.
    package func update(_ optimizer: AdamW, rates: [String: Double], step: Int) throws -> Double {
        try optimizer.update(rates: rates, step: step)
    }
}

/// The gradients of a step's only pass, which stay with their parameters until the update.
package final class HeldGradients: GradientSink {
    /// No.
    package var takesInBackward: Bool { false }

    /// They stay.
    package init() {}

    /// Leaves a gradient where it is.
    package func take(_ index: Int, _ gradient: consuming Tensor?) {}
}
