// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files
import Training

/// `dr2net points prepare`: makes the folder that training reads of a recipe's points.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Lay a recipe's clouds on a voxel grid, or draw points on its shapes; resumable.",
        discussion: """
            Reads LAS, PLY and .npy clouds with labels, S3DIS, ModelNet, ScanObjectNN (.npy) and \
            the data set furniture; see the recipe's section data. Clouds are read a block at a \
            time. What can't be used is left out and listed with its reason.
            """)

    @OptionGroup var recipe: RecipeOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try recipe.overrides.refuse(
            seed: "points on surfaces are the same for every seed, so that runs share what is "
                + "prepared, and train takes it",
            keepGoing: "points that can't be used are always left out and listed")
    }

    func run() throws {
        let console = common.start()
        let data = try PointRecipe(recipe.document(console), dataFolder: DataCache().root).data
        let progress = common.progress()
        defer { progress.finish() }
        progress.begin("reading points", isShownAtOnce: false)
        let prepared = try PointPreparation(data).run { done, total, id, outcome in
            progress.message("\(done)/\(total) \(id): \(outcome.text)")
        }
        progress.finish()
        let summary = try PointPrepareSummary(prepared, sampling: data.sampling)
        try console.result(summary) { summary.text }
        for subset in PointIndex.Subset.allCases
        where prepared.index.counts(subset).allSatisfy({ $0 == 0 }) {
            throw InputError(
                "\(prepared.folder): nothing is left for \(subset), which train needs; correct the "
                    + "recipe's data or what was left out (\(summary.skipped.count))")
        }
    }
}

extension PointPreparation.Outcome {
    /// What happened, for people.
    var text: String {
        switch self {
        case .made(let points): "\(points) points"
        case .present: "already there"
        case .skipped(let reason): "left out: \(reason)"
        case .noted(let line): line
        }
    }
}
