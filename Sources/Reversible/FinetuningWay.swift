// SPDX-License-Identifier: Apache-2.0

/// The arithmetic in which a dual-residual stage is reversed.
public enum ReversalArithmetic: String, CaseIterable, Sendable {
    /// Fixed-point streams with remainder bits: the pair comes back bit for bit at any (α, β).
    case exact
    /// The paper's equations in the working precision; errors grow like 1/|λ| a branch.
    case float
}

/// How a stage of residual branches is run for training.
public enum FinetuningWay: Sendable, Hashable {
    /// The pretrained network; every activation that the backward needs is kept.
    case conventional
    /// The pretrained network; one tensor a residual block is kept, the rest recomputed.
    case checkpointed
    /// The pretrained network without a gradient.
    case frozen
    /// The dual-residual network under a plan of coefficients; two streams a stage are kept.
    case dr2net(CoefficientPlan, ReversalArithmetic)

    /// Whether branches run in tiles where one is given.
    package var hasTiles: Bool {
        switch self {
        case .conventional, .frozen: false
        case .checkpointed, .dr2net: true
        }
    }

    /// The ways as recipes and command lines name them.
    package enum Name: String, CaseIterable, Sendable {
        /// Every activation kept.
        case conventional
        /// One tensor a block kept.
        case checkpointed
        /// No gradient in the backbone.
        case frozen
        /// The dual-residual network.
        case dr2net
    }

    /// The way of a name; the plan and the arithmetic are those of `dr2net`.
    package init(_ name: Name, _ plan: CoefficientPlan, _ arithmetic: ReversalArithmetic) {
        switch name {
        case .conventional: self = .conventional
        case .checkpointed: self = .checkpointed
        case .frozen: self = .frozen
        case .dr2net: self = .dr2net(plan, arithmetic)
        }
    }
}

/// What can go wrong in a stage on real values.
public struct ReversibleError: Error, Sendable, CustomStringConvertible {
    /// One line: what was found, what was expected, what to do.
    public let description: String

    static func overflow(stage: String, branch: String, value: Double, limit: Double)
        -> ReversibleError
    {
        ReversibleError(
            description: "stage \(stage), branch \(branch): a stream reached \(value), the exact "
                + "arithmetic holds values below \(limit); lower the learning rate or clip "
                + "gradients, or use --arithmetic float")
    }
}
