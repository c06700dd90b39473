// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Files
import Training

/// `dr2net points train`: finetunes, evaluates, writes the run folder.
struct PointTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Finetune an image-pretrained transformer on points; evaluate at the end.",
        discussion: """
            Scores are over all original points of the validation scenes, or over its shapes, \
            beside the majority class and height alone.
            """)

    @OptionGroup var options: TrainOptions
    @OptionGroup var common: CommonOptions

    @Flag(help: "Print what a step of the recipe counts at its highest point, and train nothing.")
    var plan = false

    func validate() throws {
        try options.overrides.refuse(
            keepGoing: "points that can't be used are always left out and listed")
    }

    func run() throws {
        let console = common.start()
        if plan { return try printPlan(console) }
        guard
            let result = try options.run(
                common, read: { try PointRecipe($0, dataFolder: $1) },
                parts: { ($0.training, $0.resolved) }, files: [PointRunData.fileName],
                body: { try PointRun($0, folder: $1, progress: $2)() })
        else { return }
        try console.result(result) {
            result.text(["mIoU", "mAcc", "OA"], missing: missing(result))
        }
    }

    private func printPlan(_ console: CommandOutput) throws {
        guard let path = options.recipe else {
            throw InputError("--plan needs a recipe; give that of the run folder")
        }
        let recipe = try PointRecipe(
            options.document(path, common), dataFolder: DataCache().root)
        let plan = try PointStepPlan(recipe, classes: recipe.data.namedClasses().count)
        try console.result(plan) { plan.text }
    }

    /// The scores that every run has where its validation has them.
    private func missing(_ result: RunResult) -> [(key: String, reason: String)] {
        guard let data = try? PointRunData.read(result.run) else { return [] }
        let segments = data.sampling.spheres != nil
        if result.scores.isEmpty {
            let keys = (segments ? ["mIoU"] : []) + ["mAcc", "OA"]
            return keys.map { ($0, "the validation points were lost, see above") }
        }
        return data.classes.names.map {
            segments
                ? ("IoU \($0)", "no validation point is of this class or taken for it")
                : ("accuracy \($0)", "no validation shape is of this class")
        }
    }
}
