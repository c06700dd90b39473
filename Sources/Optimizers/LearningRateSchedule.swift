// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The factor on every learning rate, a pure function of the step.
public struct LearningRateSchedule: Sendable, Equatable {
    /// How the rate falls after the warm-up.
    public enum Kind: String, CaseIterable, Sendable {
        /// Half a cosine from 1 to the minimum factor (Loshchilov and Hutter, SGDR, ICLR 2017).
        case cosine
        /// The full rate to the end.
        case constant
    }

    /// The shape after the warm-up.
    public var kind: Kind
    /// Steps over which a rate grows linearly to its full value.
    public var warmupSteps: Int
    /// The factor that the cosine reaches at the end, in 0...1.
    public var minimumFactor: Double
    /// The number of steps of the run.
    public var totalSteps: Int
    /// The step at which the cosine begins, where that is after the warm-up; a head that is
    /// trained alone first keeps its full rate until then.
    public var decayStart = 0

    /// A schedule.
    public init(
        kind: Kind = .cosine, warmupSteps: Int = 0, minimumFactor: Double = 0, totalSteps: Int
    ) {
        self.kind = kind
        self.warmupSteps = warmupSteps
        self.minimumFactor = minimumFactor
        self.totalSteps = totalSteps
    }

    /// The full rate from the first step to the last.
    public static let constant = LearningRateSchedule(kind: .constant, totalSteps: 1)

    /// The factor at a step, from 0, for parameters that begin to train at step `start`.
    ///
    /// 0 before `start`; then (step - start + 1) / warmupSteps up to 1, times
    /// m + (1 - m)(1 + cos πp)/2 with p = (step - s) / (totalSteps - s) and
    /// s = max(warmupSteps, decayStart): one cosine for all, so that late starters share its end.
    public func factor(step: Int, start: Int = 0) -> Double {
        guard step >= start else { return 0 }
        var factor = 1.0
        if step - start < warmupSteps { factor = Double(step - start + 1) / Double(warmupSteps) }
        let first = max(warmupSteps, decayStart)
        guard kind == .cosine, step >= first else { return factor }
        let progress = min(1, Double(step - first) / Double(max(1, totalSteps - first)))
        let cosine = (1 + cos(Double.pi * progress)) / 2
        return factor * (minimumFactor + (1 - minimumFactor) * cosine)
    }
}
