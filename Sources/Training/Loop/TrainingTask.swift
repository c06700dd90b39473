// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Files
package import Tensors

/// The weights of the two residuals that are in force at a step.
package struct CoefficientPair: Sendable, Equatable {
    /// α, of the pretrained residual.
    package var alpha: Double
    /// β, of the reversible residual.
    package var beta: Double

    /// A pair.
    package init(alpha: Double, beta: Double) {
        self.alpha = alpha
        self.beta = beta
    }
}

/// Where in the run a forward pass stands.
package struct StepPosition: Sendable, Equatable {
    /// Optimizer steps done before this one.
    package var step: Int
    /// Optimizer steps of the run.
    package var totalSteps: Int
    /// The pass over the samples of the step's first sample, from 0.
    package var epoch: Int
    /// The forward pass within the step, from 0.
    package var microBatch: Int
    /// Whether the backbone trains at this step.
    package var isBackboneTrained: Bool
}

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

/// What the training loop needs to know of a task: it has samples, parameters and losses.
package protocol TrainingTask: AnyObject {
    /// The number of training samples.
    var sampleCount: Int { get }
    /// What the outputs mean and what the samples are, for checkpoints.
    var dataIdentity: DataIdentity { get }
    /// All parameters of the model, each once, the frozen ones included.
    var parameterGroups: [ParameterGroup] { get }

    /// Where the task counts how long its steps wait for samples.
    var loadTimer: LoadTimer { get }

    /// Where the task tells of features and evaluations as it works; nil where it does not.
    var meter: WorkMeter? { get }

    /// What the run has to do beside its steps, and what parts cost, to tell the time left.
    ///
    /// - Parameter step: Steps done.
    func workload(_ plan: TrainingPlan, from step: Int) -> Workload

    /// The pair in force at a step, a pure function of it; nil where the network has none.
    func coefficients(step: Int, totalSteps: Int) -> CoefficientPair?

    /// Told before the first step which samples will be asked for, to load them ahead.
    func willTrain(_ plan: TrainingPlan, from step: Int) throws

    /// The losses of some samples: a pure function of the parameters, the samples and the context.
    func losses(
        samples: [Int], position: StepPosition, context: Context
    ) throws -> StepLosses

    /// What a sample of an epoch is cut from, as people know it: a file, or a video's id; nil where
    /// nothing better than its number is known.
    func source(of sample: Int, epoch: Int) -> String?

    /// Scores after so many steps, for the metrics; empty where there is nothing to evaluate.
    ///
    /// The pair in force is that of the last step, `coefficients(step: step - 1, ...)`. An
    /// evaluation must leave parameters, gradients and their trainability as they were.
    func evaluate(step: Int, totalSteps: Int) throws -> [(name: String, value: Double)]
}

extension TrainingTask {
    package func coefficients(step: Int, totalSteps: Int) -> CoefficientPair? { nil }
    package var meter: WorkMeter? { nil }
    package func workload(_ plan: TrainingPlan, from step: Int) -> Workload { Workload() }
    package func source(of sample: Int, epoch: Int) -> String? { nil }
    package func willTrain(_ plan: TrainingPlan, from step: Int) throws {}
    package func evaluate(step: Int, totalSteps: Int) throws -> [(name: String, value: Double)] {
        []
    }
}

/// Which samples each step takes: a pure function of the recipe and the number of samples.
package struct TrainingPlan: Sendable, Equatable {
    /// The order of the samples.
    package let order: DataOrder
    /// Samples in one forward pass.
    package let batchSize: Int
    /// Forward passes in one step.
    package let accumulation: Int
    /// Steps of the run.
    package let totalSteps: Int
    private let seed: UInt64

    /// The plan of a recipe.
    ///
    /// - Throws: where there are no samples.
    package init(_ recipe: TrainingRecipe, sampleCount: Int) throws(InputError) {
        guard sampleCount > 0 else {
            throw InputError(
                "there are no training samples; check the recipe's data and what prepare skipped")
        }
        seed = recipe.seed
        order = DataOrder(sampleCount: sampleCount, seed: seed)
        batchSize = recipe.batchSize
        accumulation = recipe.accumulation
        totalSteps = recipe.totalSteps(sampleCount: sampleCount)
    }

    /// The place in the data order at which a step begins.
    package func position(step: Int) -> Int { step * batchSize * accumulation }

    /// The epoch of a step's first sample.
    package func epoch(step: Int) -> Int { order.epoch(at: position(step: step)) }

    /// Where the random draws of one forward pass come from.
    package func key(step: Int, microBatch: Int) -> RandomKey {
        RandomKey(seed: seed).child("step").child(step).child(microBatch)
    }

    /// The samples of one forward pass.
    package func samples(step: Int, microBatch: Int) -> [Int] {
        let first = position(step: step) + microBatch * batchSize
        return order.samples(first..<first + batchSize)
    }
}
