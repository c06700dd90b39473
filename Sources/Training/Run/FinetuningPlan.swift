// SPDX-License-Identifier: Apache-2.0
package import Files
import Optimizers
import Recipes
package import Reversible
package import Tensors

/// What a run does at each step, a pure function of the recipe and the number of samples: training,
/// evaluation, prediction and previews take samples, random keys and the network's form from here.
package struct FinetuningPlan: Sendable {
    /// How long to train and by which optimizer, the schedule's length set.
    package let training: TrainingRecipe
    /// How the backbone is finetuned, the policy's update period set.
    package let finetuning: FinetuningRecipe
    /// The digest of the whole recipe, see `ResolvedRecipe`.
    let fingerprint: String
    /// Steps between evaluations; 0 for one at the end.
    let evaluationPeriod: Int
    /// The order of the samples.
    package let order: DataOrder
    /// Steps of the run.
    package let totalSteps: Int
    /// What `optimizer.freeze` took out of training; nil where nothing is to be trained.
    let frozen: FrozenParameters?

    /// The plan of a recipe.
    ///
    /// - Parameter groups: All parameters of the network to train, nil for a plan that is looked at
    ///   alone. Those that the recipe freezes are frozen here, before memory is planned.
    /// - Throws: Where there are no samples, and for a pattern that matches no parameter.
    package init(
        _ recipe: SharedRecipe, sampleCount: Int, freezing groups: [RoleGroup]? = nil
    ) throws(InputError) {
        guard sampleCount > 0 else {
            throw InputError(
                "there are no training samples; check the recipe's data and what prepare skipped")
        }
        var training = recipe.training
        fingerprint = recipe.resolved.fingerprint
        order = DataOrder(sampleCount: sampleCount, seed: training.seed)
        totalSteps = training.totalSteps(sampleCount: sampleCount)
        evaluationPeriod = training.evaluationPeriod(sampleCount: sampleCount)
        training.schedule.totalSteps = totalSteps
        self.training = training
        var finetuning = recipe.finetuning
        finetuning.setBackboneSteps(totalSteps - training.backboneStart)
        self.finetuning = finetuning
        frozen = try groups.map { groups throws(InputError) in
            try FrozenParameters(training.frozenPatterns, in: groups)
        }
    }

    // MARK: Samples

    /// The number of training samples.
    package var sampleCount: Int { order.sampleCount }
    /// Samples of a step, over all its forward passes.
    package var samplesPerStep: Int { training.batchSize * training.accumulation }

    /// The place in the data order at which a step begins.
    package func position(step: Int) -> Int { step * samplesPerStep }

    /// The epoch of a step's first sample.
    package func epoch(step: Int) -> Int { order.epoch(at: position(step: step)) }

    /// Where the random draws of one forward pass come from.
    package func key(step: Int, microBatch: Int) -> RandomKey {
        RandomKey(seed: training.seed).child("step").child(step).child(microBatch)
    }

    /// The samples of one forward pass.
    package func samples(step: Int, microBatch: Int) -> [Int] {
        let first = position(step: step) + microBatch * training.batchSize
        return order.samples(first..<first + training.batchSize)
    }

    // MARK: The network's form

    /// Steps since the backbone began to train.
    private func backboneStep(_ step: Int) -> Int { max(0, step - training.backboneStart) }

    /// How the backbone is run for training at a step.
    ///
    /// - Parameter key: The forward pass's, see ``key(step:microBatch:)``.
    package func way(at step: Int, key: RandomKey) -> FinetuningWay {
        finetuning.training(step: backboneStep(step), key: key)
    }

    /// How the network is evaluated after so many steps.
    package func evaluationWay(after step: Int) -> FinetuningWay {
        finetuning.evaluation(step: max(0, backboneStep(step) - 1))
    }

    /// Whether the form in force after so many steps is another than the plain pretrained one, which
    /// is then evaluated too.
    package func isPlainEvaluated(after step: Int) -> Bool {
        guard case .dr2net(let plan, _) = evaluationWay(after: step) else { return false }
        return !plan.isPretrained
    }

    /// The forms of the network that the last evaluation scores.
    package var evaluatedForms: Int { isPlainEvaluated(after: totalSteps) ? 2 : 1 }

    /// The pair in force at a step; nil for ways without one.
    package func coefficients(step: Int) -> ScheduleShape.Pair? {
        guard case .dr2net(let plan, _) = way(at: step, key: RandomKey(seed: 0)) else { return nil }
        return ScheduleShape.Pair(alpha: plan.pair.alpha, beta: plan.pair.beta)
    }
}
