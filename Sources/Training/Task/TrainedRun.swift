// SPDX-License-Identifier: Apache-2.0
package import Backbones
package import Layers
import Recipes
package import Reversible

/// A run to predict with: what its folder says, and the checkpoint of its best or newest state.
package struct TrainedRun<Recipe: TaskRecipe> {
    /// The backbone, the classes and the like.
    package let description: RunDescription
    /// The run's own recipe.
    package let recipe: Recipe
    /// The form of the network that was in force at the checkpoint's last step.
    package let way: FinetuningWay
    private let checkpoint: TrainingCheckpoint

    /// Reads a run folder, which need not be locked.
    ///
    /// - Parameters:
    ///   - overrides: `key.path=value` in place of the recipe's.
    ///   - dataFolder: What `data:` in the recipe's paths stands for.
    ///   - warn: Told of damaged newer checkpoints that were passed over.
    package init(
        _ folder: String, overrides: [String] = [], dataFolder: String, warn: (String) -> Void
    ) throws {
        description = try RunDescription.read(folder, task: Recipe.task)
        recipe = try Recipe(
            RecipeDocument(path: folder + "/recipe.yaml", overrides: overrides),
            dataFolder: dataFolder)
        checkpoint = try description.checkpoint(of: folder, warn: warn)
        way = try FinetuningPlan(recipe.shared, sampleCount: checkpoint.sampleCount)
            .evaluationWay(after: checkpoint.step)
    }

    /// Puts the run's weights into a network that was made as its recipe says.
    ///
    /// - Parameter backbone: The part of it whose positions have the run's grid and rule; nil where
    ///   it has none of its own.
    package func load(into network: any Module, backbone: (any Backbone)? = nil) throws {
        if let backbone { description.preparePositions(of: backbone) }
        try checkpoint.load(into: network.namedParameters, evaluated: true)
    }
}
