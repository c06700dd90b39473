// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Reversible

/// Where in the run a forward pass stands.
package struct StepPosition: Sendable, Equatable {
    /// Optimizer steps done before this one.
    package var step: Int
    /// The pass over the samples of the step's first sample, from 0.
    package var epoch: Int
    /// The forward pass within the step, from 0.
    package var microBatch: Int
    /// Whether the backbone trains at this step: never where it is frozen.
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
    /// What an evaluation found.
    associatedtype Findings

    /// What the run does at each step.
    var plan: FinetuningPlan { get }
    /// What the outputs mean and what the samples are, for checkpoints.
    var dataIdentity: DataIdentity { get }
    /// Slices of the backbone's branches, from the recipe or from its memory budget.
    var tile: Tile? { get }
    /// All parameters of the model, each once, the frozen ones included.
    var parameterGroups: [RoleGroup] { get }

    /// Where the task counts how long its steps wait for samples.
    var loadTimer: LoadTimer { get }
    /// Where the task tells of features and evaluations as it works.
    var meter: WorkMeter { get }

    /// What the run has to do beside its steps, and what parts cost, to tell the time left.
    ///
    /// - Parameter step: Steps done.
    func workload(from step: Int) -> Workload

    /// The losses of some samples: a pure function of the parameters, the samples and the context,
    /// which says how the backbone is run. In a dry run the samples' values aren't read.
    func losses(
        samples: [Int], position: StepPosition, context: Context
    ) throws -> StepLosses

    /// What a sample of an epoch is cut from, as people know it: a file, or a video's id; nil where
    /// nothing better than its number is known.
    func source(of sample: Int, epoch: Int) -> String?

    /// Evaluates a form of the network after so many steps; nil where there is nothing to evaluate.
    ///
    /// It must leave parameters, gradients and their trainability as they were.
    func evaluate(_ way: FinetuningWay, after step: Int) throws -> Findings?

    /// The scores of an evaluation in their documented order, for the metrics.
    func scores(_ findings: Findings) -> [(name: String, value: Double)]
}

extension TrainingTask {
    /// The recipe's own.
    package var tile: Tile? { plan.finetuning.tile }
    /// Nothing is known.
    package func workload(from step: Int) -> Workload { Workload() }
    /// Its number alone is known.
    package func source(of sample: Int, epoch: Int) -> String? { nil }
}
