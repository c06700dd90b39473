// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Files
import Training

/// `dr2net points train`.
struct PointTrainArguments: TrainArguments {
    typealias Task = PointTask
    static let abstract =
        "Finetune an image-pretrained transformer on points; evaluate at the end."
    static let discussion = """
        Scores are over all original points of the validation scenes, or over its shapes, beside \
        the majority class and height alone.
        """

    static let refusalToKeepGoing: String? =
        "points that can't be used are always left out and listed"

    @Flag(help: "Print what a step of the recipe counts at its highest point, and train nothing.")
    var plan = false

    func answer(
        _ options: TrainOptions, _ common: CommonOptions, _ output: CommandOutput
    ) throws -> Bool {
        guard plan else { return false }
        guard let path = options.recipe else {
            throw InputError("--plan needs a recipe; give that of the run folder")
        }
        let recipe = try PointRecipe(
            options.document(path, common), dataFolder: DataCache().root)
        let plan = try PointStepPlan(recipe, classes: recipe.data.namedClasses().count)
        try output.result(plan) { plan.text }
        return true
    }
}
