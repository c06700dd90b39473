// SPDX-License-Identifier: Apache-2.0
public import Tensors

extension AdamW {
    /// The constants of all groups.
    public struct Settings: Sendable, Equatable {
        /// The decoupled weight decay, scaled by the learning rate; 0 for none.
        public var weightDecay: Double
        /// β₁ and β₂.
        public var betas: (Double, Double)
        /// ε, added to the root of the second moment.
        public var epsilon: Double
        /// The largest norm of all gradients together; 0 leaves them as they are.
        public var clipNorm: Double
        /// The decay of the weights' moving average, in [0, 1); 0 keeps none.
        public var averageDecay: Double
        /// Whether a parameter is updated as soon as its gradient is complete, so that the
        /// gradients of a step are never held together; needs a `clipNorm` of 0.
        public var updatesInBackward: Bool
        /// How moments are kept.
        public var moments: MomentPrecision

        /// The constants.
        public init(
            weightDecay: Double = 0.05, betas: (Double, Double) = (0.9, 0.999),
            epsilon: Double = 1e-8, clipNorm: Double = 0, averageDecay: Double = 0,
            updatesInBackward: Bool = false, moments: MomentPrecision = .full
        ) {
            self.weightDecay = weightDecay
            self.betas = betas
            self.epsilon = epsilon
            self.clipNorm = clipNorm
            self.averageDecay = averageDecay
            self.updatesInBackward = updatesInBackward
            self.moments = moments
        }

        /// Whether all constants are equal.
        public static func == (a: Settings, b: Settings) -> Bool {
            a.weightDecay == b.weightDecay && a.betas == b.betas && a.epsilon == b.epsilon
                && a.clipNorm == b.clipNorm && a.averageDecay == b.averageDecay
                && a.updatesInBackward == b.updatesInBackward && a.moments == b.moments
        }
    }
}
