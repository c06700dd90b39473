// SPDX-License-Identifier: Apache-2.0
import Console
import Layers
import Optimizers
import Reversible
import Tensors
import Training

/// What a training step will hold, worked out from a recipe without training or data.
package struct PointStepPlan: Sendable, Encodable {
    /// The way of finetuning.
    let way: String
    /// Spheres or shapes of a forward pass, and points of each.
    let samples, points: Int
    /// Scalars of all parameters.
    let parameters: Int
    /// Tokens of a slice that the budget or the recipe asks for; absent for whole branches.
    let tile: Int?
    /// Bytes that are counted at the step's highest point: weights, gradients, moments, averages and
    /// what the step keeps.
    package let peakBytes: Int

    /// The plan of a recipe's step once its blocks train.
    ///
    /// - Parameter classes: The number of classes.
    /// - Throws: Where no tile fits `memoryBudget`.
    package init(_ recipe: PointRecipe, classes: Int) throws {
        // Without weights: a dry run draws none.
        let (network, step) = try DryRun.measure {
            let network = try PointNetwork.make(recipe, classes: classes, loadsWeights: false)
                .network
            let plan = try network.plan(recipe.shared, sampleCount: 1)
            let (samples, points) = (recipe.training.batchSize, recipe.data.sampling.points)
            let step = try plan.memoryPlan(network.parameterGroups, advice: PointTask.advice) {
                try PointTask.losses(
                    PointBatch(placeholder: samples, points: points, network.settings), network,
                    plan, $0, nil, smoothing: recipe.smoothing, $1
                ).total
            }
            return (network, step)
        }.result
        way = recipe.finetuning.way.rawValue
        samples = recipe.training.batchSize
        points = recipe.data.sampling.points
        parameters = network.parameterCount
        tile = step.tile?.tokens
        peakBytes = step.peakPredictedBytes
    }

    /// The plan for people.
    var text: String {
        """
        a step of way \(way), \(samples) x \(points) points, \(parameters) scalars of parameters: \
        \(ByteSize.text(peakBytes)) counted at its highest point\
        \(tile.map { ", in slices of \($0) tokens" } ?? "")
        The program itself, prepared scenes and evaluation come on top.
        """
    }
}
