// SPDX-License-Identifier: Apache-2.0
package import Autodiff

/// The losses of one forward pass.
package struct StepLosses {
    /// What is minimised, a tensor of one scalar on the context's tape: a mean over the samples.
    package var total: Variable
    /// Parts to log.
    package var named: [(name: String, value: Double)]

    /// The losses.
    package init(total: Variable, named: [(name: String, value: Double)] = []) {
        self.total = total
        self.named = named
    }
}

/// The losses of one pass as numbers.
package struct PassLosses: Codable, Sendable {
    /// What is minimised.
    package var total: Double
    /// Its parts by name.
    package var parts: [String: Double]
}

/// What a step came to.
public struct StepOutcome: Sendable {
    /// The loss before the update: the mean over the step's passes.
    public fileprivate(set) var loss = 0.0
    /// The parts of the loss by name, means as well.
    public fileprivate(set) var parts: [String: Double] = [:]
    /// The global norm of the gradients before clipping.
    public internal(set) var gradientNorm = 0.0
    /// Bytes of the gradients that were there together before the update.
    public internal(set) var gradientBytes = 0
    /// The learning rate of each group.
    public let rates: [String: Double]

    init(_ passes: [PassLosses], rates: [String: Double]) {
        self.rates = rates
        let share = 1 / Double(passes.count)
        for losses in passes {
            loss += losses.total * share
            for (name, part) in losses.parts { parts[name, default: 0] += part * share }
        }
    }
}
