// SPDX-License-Identifier: Apache-2.0
package import Files
package import Optimizers
package import Recipes
import Tensors

/// The keys of a recipe that every task shares.
///
/// A task reads these with `init(_:)`, then its own sections with the same reader, then calls
/// `RecipeReader/finish()`.
package struct TrainingRecipe: Sendable, Equatable {
    /// How long to train.
    package enum Length: Sendable, Equatable {
        /// Optimizer steps.
        case steps(Int)
        /// Passes over the samples.
        case epochs(Double)
    }

    /// The seed of everything random.
    package var seed: UInt64
    /// Threads; 0 leaves the choice to the environment and the machine.
    package var threads: Int
    /// The folder of a run whose weights this one starts from; nil for the pretrained ones.
    package var startFrom: String?
    /// How long to train.
    package var length: Length
    /// Samples in one forward pass.
    package var batchSize: Int
    /// Forward passes in one optimizer step.
    package var accumulation: Int
    /// Shell patterns of the names of parameters that stay as they are.
    package var frozenPatterns: [String]
    /// The factor on the learning rate from one block of the backbone to the one before it.
    package var layerDecay: Double
    /// The optimizer's constants.
    package var optimizer: AdamW.Settings
    /// The largest learning rate of each role.
    package var learningRates: [ParameterRole: Double]
    /// Warm-up and decay; `totalSteps` is set once the number of samples is known.
    package var schedule: LearningRateSchedule
    /// The step from which the backbone trains; the head trains alone before it.
    package var backboneStart: Int
    /// Whether each of several processes keeps the optimizer's state of its own share alone.
    package var isOptimizerSharded: Bool
    /// Steps between checkpoints; 0 saves at the end only.
    package var checkpointEvery: Int
    /// The number of checkpoints that stay on disk.
    package var checkpointsKept: Int
    /// The score by which the best checkpoint is kept beside the last ones; nil for none.
    package var bestMetric: String?
    /// Steps between evaluations; 0 evaluates at the end only.
    package var evaluateEvery: Int
    /// Passes over the samples between evaluations, in place of ``evaluateEvery``.
    package var evaluateEpochs: Double?
    /// The number of evaluations without a better ``bestMetric`` that ends the run; nil for none.
    package var patience: Int?

    /// Reads and checks the shared keys.
    package init(_ reader: RecipeReader) throws(InputError) {
        seed = UInt64(try reader.value("seed", default: 0, in: 0...Int.max))
        threads = try reader.value("threads", default: 0, in: 0...1024)
        startFrom = try reader.optionalPath("startFrom")
        let steps = try reader.optionalInteger("steps", in: 1...1_000_000_000)
        let epochs = try reader.optionalNumber("epochs", in: 1e-6...1e6)
        switch (steps, epochs) {
        case (let steps?, nil): length = .steps(steps)
        case (nil, let epochs?): length = .epochs(epochs)
        case (nil, nil):
            throw InputError(
                "\(reader.name): neither steps nor epochs is given; expected one, such as "
                    + "steps: 100")
        default:
            throw reader.error("steps", "and epochs are both given; keep one of them")
        }
        batchSize = try reader.value("batchSize", default: 1, in: 1...65_536)
        accumulation = try reader.value("accumulation", default: 1, in: 1...65_536)

        let optimizer = try reader.section("optimizer")
        _ = try optimizer.choice("kind", default: "adamw", among: ["adamw"])
        learningRates = [
            .head: try optimizer.value("headLearningRate", default: 1e-3, in: 0...100),
            .backbone: try optimizer.value("backboneLearningRate", default: 2e-5, in: 0...100),
        ]
        frozenPatterns = try optimizer.optionalTexts("freeze") ?? []
        layerDecay = try optimizer.optionalNumber("layerDecay", in: 1e-3...1) ?? 1
        let decay = try optimizer.value("weightDecay", default: 0.05, in: 0...100)
        let betas = try optimizer.value(
            "betas", default: [0.9, 0.999], in: 0...0.999_999_999, count: 2)
        self.optimizer = AdamW.Settings(
            weightDecay: decay, betas: (betas[0], betas[1]),
            epsilon: try optimizer.value("epsilon", default: 1e-8, in: 1e-30...1),
            clipNorm: try optimizer.value("clipNorm", default: 1, in: 0...1e12),
            averageDecay: try optimizer.value(
                "averageDecay", default: 0.0, in: 0...0.999_999_999),
            updatesInBackward: try optimizer.optionalFlag("inBackward") ?? false,
            moments: try TrainingRecipe.moments(optimizer))
        if self.optimizer.updatesInBackward {
            if self.optimizer.clipNorm > 0 {
                throw optimizer.error(
                    "inBackward",
                    "is true with a clipNorm of \(self.optimizer.clipNorm), which needs all "
                        + "gradients together; set clipNorm: 0")
            }
            if accumulation > 1 {
                throw optimizer.error(
                    "inBackward",
                    "is true with an accumulation of \(accumulation), which sums gradients first; "
                        + "expected accumulation: 1")
            }
        }

        let schedule = try reader.section("schedule")
        self.schedule = LearningRateSchedule(
            kind: try schedule.value("kind", default: LearningRateSchedule.Kind.cosine),
            warmupSteps: try schedule.value("warmupSteps", default: 0, in: 0...1_000_000_000),
            minimumFactor: try schedule.value("minimumFactor", default: 0, in: 0...1),
            totalSteps: steps ?? 1)
        backboneStart = try schedule.value("backboneStart", default: 0, in: 0...1_000_000_000)
        self.schedule.decayStart = try schedule.value(
            "decayStart", default: backboneStart, in: 0...1_000_000_000)

        isOptimizerSharded = try reader.section("ranks").value("shardOptimizer", default: false)
        let checkpoint = try reader.section("checkpoint")
        checkpointEvery = try checkpoint.value("every", default: 0, in: 0...1_000_000_000)
        checkpointsKept = try checkpoint.value("keep", default: 2, in: 1...10_000)
        bestMetric = try checkpoint.optionalText("best")
        let evaluate = try reader.section("evaluate")
        evaluateEvery = try evaluate.value("every", default: 0, in: 0...1_000_000_000)
        evaluateEpochs = try evaluate.optionalNumber("epochs", in: 1e-6...1e6)
        patience = try evaluate.optionalInteger("patience", in: 1...1_000_000)
        try checkEvaluations(evaluate)
    }

    private static func moments(_ optimizer: RecipeReader) throws(InputError)
        -> MomentPrecision
    {
        switch try optimizer.optionalInteger("momentBits", in: 1...64) {
        case nil, 32: return .full
        case 8: return .blocks
        case let bits?: throw optimizer.error("momentBits", "is \(bits); expected 32 or 8")
        }
    }

    /// Refuses keys of `evaluate` that can't work together.
    private func checkEvaluations(_ evaluate: RecipeReader) throws(InputError) {
        if evaluateEvery > 0, evaluateEpochs != nil {
            throw evaluate.error("epochs", "and every are both given; keep one of them")
        }
        guard let patience else { return }
        if bestMetric == nil {
            throw evaluate.error(
                "patience", "is \(patience) without a score to watch; add checkpoint.best: SCORE")
        }
        if evaluateEvery == 0, evaluateEpochs == nil {
            throw evaluate.error(
                "patience",
                "is \(patience) without evaluations on the way; add evaluate.every or "
                    + "evaluate.epochs")
        }
    }

    /// The steps between evaluations over so many samples, 0 for none on the way.
    package func evaluationPeriod(sampleCount: Int) -> Int {
        guard let evaluateEpochs else { return evaluateEvery }
        let steps = evaluateEpochs * Double(sampleCount) / Double(batchSize * accumulation)
        return Int(min(max(1, steps.rounded()), 1e9))
    }

    /// The optimizer steps of a run over so many samples: `steps`, or `epochs` rounded up.
    package func totalSteps(sampleCount: Int) -> Int {
        switch length {
        case .steps(let steps): return steps
        case .epochs(let epochs):
            let steps = (epochs * Double(sampleCount) / Double(batchSize * accumulation)).rounded(
                .up)
            return Int(min(max(1, steps), 1e9))
        }
    }
}
