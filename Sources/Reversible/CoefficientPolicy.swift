// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Tensors

/// How a pair moves from its start to its end over the update period.
public enum ScheduleShape: Sendable, Hashable {
    /// In proportion to the step.
    case linear
    /// Constant between updates; β moves first, α half a period later (facts.md 1.2).
    case staircase(updates: Int)
    /// Half a cosine.
    case cosine
    /// The given pairs, each for an equal part of the period.
    case list([Pair])

    /// A pair (α, β).
    public struct Pair: Sendable, Hashable {
        /// The weight of the pretrained residual.
        public var alpha: Double
        /// The weight of the reversible residual.
        public var beta: Double
        /// A pair.
        public init(alpha: Double, beta: Double) {
            self.alpha = alpha
            self.beta = beta
        }
    }
}

/// Says which coefficients (α, β, c) hold at a step, for a branch and a sample.
///
/// One recurrence serves the whole family (method.md):
/// x_i = c·F_i(x_{i-1}) + α·x_{i-1} + β·x_{i-2}. A policy is a pure function.
public enum CoefficientPolicy: Sendable, Hashable {
    /// Dr²Net's dynamic finetuning: (1, β₀) → (α₁, β₁) over `period` steps, c = 1.
    case paper(
        start: ScheduleShape.Pair, end: ScheduleShape.Pair, period: Int, shape: ScheduleShape)
    /// α = 1 - β with β from `start` to `end` over `period` steps: nothing grows or fades.
    case balanced(start: Double, end: Double, period: Int)
    /// (0, 1): Re²TAL's rewiring.
    case hard
    /// (1 + γ, -γ, 1 - γ): Momentum ResNets, Sander et al., ICML 2021.
    case momentum(Double)
    /// (1 - γ, γ, 1 + γ), γ = ±magnitude at random a sample and branch; evaluated at γ = 0
    /// (BDIA, Zhang, Lewis and Kleijn, ICML 2025).
    case bdia(magnitude: Double)
    /// One triple throughout.
    case fixed(StreamCoefficients)

    /// The paper's schedule with its published ends.
    public static func paper(period: Int) -> CoefficientPolicy {
        .paper(
            start: .init(alpha: 1, beta: 0.1), end: .init(alpha: 0, beta: 1), period: period,
            shape: .linear)
    }

    /// The default: β = 1/16 throughout.
    public static let `default` = CoefficientPolicy.balanced(
        start: 1.0 / 16, end: 1.0 / 16, period: 0)

    /// The policy with its update period set to so many steps.
    public func withPeriod(_ period: Int) -> CoefficientPolicy {
        switch self {
        case .paper(let start, let end, _, let shape):
            .paper(start: start, end: end, period: period, shape: shape)
        case .balanced(let start, let end, _): .balanced(start: start, end: end, period: period)
        case .hard, .momentum, .bdia, .fixed: self
        }
    }

    /// The policies as recipes and command lines name them.
    package enum Name: String, CaseIterable, Sendable {
        /// ``CoefficientPolicy/paper(start:end:period:shape:)``.
        case paper
        /// ``CoefficientPolicy/balanced(start:end:period:)``.
        case balanced
        /// ``CoefficientPolicy/hard``.
        case hard
        /// ``CoefficientPolicy/momentum(_:)``.
        case momentum
        /// ``CoefficientPolicy/bdia(magnitude:)``.
        case bdia
        /// ``CoefficientPolicy/fixed(_:)``.
        case fixed
    }

    /// Its name.
    package var name: Name {
        switch self {
        case .paper: .paper
        case .balanced: .balanced
        case .hard: .hard
        case .momentum: .momentum
        case .bdia: .bdia
        case .fixed: .fixed
        }
    }

    /// The policy of a name at its published constants; nil for `fixed`, which has none.
    package init?(published name: Name) {
        switch name {
        case .paper: self = .paper(period: 1)
        case .balanced: self = .default
        case .hard: self = .hard
        case .momentum: self = .momentum(0.9)
        case .bdia: self = .bdia(magnitude: 0.5)
        case .fixed: return nil
        }
    }

    /// The coefficients of one step, for training.
    ///
    /// - Parameters:
    ///   - step: The optimizer step, from 0.
    ///   - key: The step's random key; only `bdia` draws.
    public func plan(step: Int, key: RandomKey = RandomKey(seed: 0)) -> CoefficientPlan {
        switch self {
        case .paper(let start, let end, let period, let shape):
            let pair = shape.pair(from: start, to: end, step: step, period: period)
            return .uniform(StreamCoefficients(alpha: pair.alpha, beta: pair.beta))
        case .balanced(let start, let end, let period):
            let beta = start + (end - start) * progress(step, period)
            return .uniform(StreamCoefficients(alpha: 1 - beta, beta: beta))
        case .hard:
            return .uniform(StreamCoefficients(alpha: 0, beta: 1))
        case .momentum(let gamma):
            return .uniform(
                StreamCoefficients(alpha: 1 + gamma, beta: -gamma, branch: 1 - gamma))
        case .bdia(let magnitude):
            return .signed(magnitude: magnitude, key: key.child("bdia"))
        case .fixed(let triple):
            return .uniform(triple)
        }
    }

    /// The coefficients at which the network is evaluated after `step`.
    public func evaluationPlan(step: Int) -> CoefficientPlan {
        if case .bdia = self { return .pretrained }
        return plan(step: step)
    }
}

extension StreamCoefficients {
    /// The α that recipes and command lines may ask for.
    package static let alphas = 0.0...2
    /// The β that they may ask for, but for 0, which can't be reversed.
    package static let betas = -1.0...1
    /// The c that they may ask for.
    package static let branches = 1e-3...10
}

/// The share of an update period that is over, in [0, 1]; a period of 0 is over at once.
private func progress(_ step: Int, _ period: Int) -> Double {
    period <= 0 ? 1 : min(1, max(0, Double(step) / Double(period)))
}

extension ScheduleShape {
    /// The pair in force at a step.
    func pair(from start: Pair, to end: Pair, step: Int, period: Int) -> Pair {
        let t = progress(step, period)
        func between(_ a: Double, _ b: Double, _ t: Double) -> Double {
            t >= 1 ? b : a + (b - a) * t
        }
        switch self {
        case .linear:
            return Pair(
                alpha: between(start.alpha, end.alpha, t), beta: between(start.beta, end.beta, t))
        case .cosine:
            let u = t >= 1 ? 1 : (1 - Foundation.cos(Double.pi * t)) / 2
            return Pair(
                alpha: between(start.alpha, end.alpha, u), beta: between(start.beta, end.beta, u))
        case .staircase(let updates):
            let n = Double(max(1, updates))
            let betaSteps = min(n, (t * n).rounded(.up))
            let alphaSteps = min(n, max(0, (t * n - 0.5).rounded(.up)))
            let isOver = t >= 1
            return Pair(
                alpha: between(start.alpha, end.alpha, isOver ? 1 : alphaSteps / n),
                beta: between(start.beta, end.beta, isOver ? 1 : betaSteps / n))
        case .list(let pairs):
            guard let last = pairs.last else { return end }
            return t >= 1 ? last : pairs[min(pairs.count - 1, Int(t * Double(pairs.count)))]
        }
    }
}

/// The coefficients of every branch and sample at one step.
public enum CoefficientPlan: Sendable, Hashable {
    /// The same triple for every branch and sample.
    case uniform(StreamCoefficients)
    /// γ = ±magnitude, drawn a branch and sample.
    case signed(magnitude: Double, key: RandomKey)

    /// The pretrained network M_n: (1, 0, 1).
    public static let pretrained = CoefficientPlan.uniform(StreamCoefficients(alpha: 1, beta: 0))

    /// The triple of a branch for a sample of the batch.
    public func coefficients(branch: Int, sample: Int) -> StreamCoefficients {
        switch self {
        case .uniform(let triple): return triple
        case .signed(let magnitude, let key):
            let gamma = key.child(branch).uniform(sample) < 0.5 ? -magnitude : magnitude
            return StreamCoefficients(alpha: 1 - gamma, beta: gamma, branch: 1 + gamma)
        }
    }

    /// The β at which a stage's output merges its streams, (x_n + β·x_{n-1}) / (1 + β).
    ///
    /// Random signs have no common β: there the output is x_n, as in BDIA.
    public var outputBeta: Double {
        if case .uniform(let triple) = self { triple.beta } else { 0 }
    }

    /// The pair that logs and checkpoints name.
    public var pair: (alpha: Double, beta: Double) {
        switch self {
        case .uniform(let triple): (triple.alpha, triple.beta)
        case .signed(let magnitude, _): (1, magnitude)
        }
    }

    /// Whether the network is the pretrained one.
    public var isPretrained: Bool { self == .pretrained }
}
