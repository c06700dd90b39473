// SPDX-License-Identifier: Apache-2.0

/// Why an optimizer didn't take a step, or didn't take back its state.
public struct OptimizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for callers that know a better remedy.
    public enum Kind: Sendable {
        /// The loss isn't finite; nothing is changed.
        case loss
        /// A gradient isn't finite; nothing is changed.
        case gradient
        /// The same in a backward pass that has updated other parameters already.
        case gradientInBackward
        /// No parameter has a gradient; nothing is changed.
        case unused
        /// State of another network or other settings; nothing is changed.
        case state
    }

    /// What went wrong.
    public let kind: Kind
    /// What was found, and where, in one line without a remedy.
    public let problem: String

    /// The problem and what to do, in one line.
    public var description: String {
        switch kind {
        case .loss:
            "\(problem); lower the learning rate or lengthen the warm-up, and check the data"
        case .gradient:
            "\(problem); lower the learning rate, lengthen the warm-up, or set a clipNorm"
        case .gradientInBackward:
            "\(problem); lower the learning rate, lengthen the warm-up, or set a clipNorm without "
                + "updatesInBackward; other parameters are updated already, so go on from weights "
                + "that were saved"
        case .unused: "\(problem); a learning rate above 0 or an unfrozen layer is needed"
        case .state: "\(problem); take the state of this network and these settings"
        }
    }
}
