// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files
import Preparation
import Tensors
import Training

/// `dr2net points prepare`: makes the folder that training reads of a recipe's points.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Lay a recipe's clouds on a voxel grid, or draw points on its shapes; resumable.",
        discussion: """
            Reads LAS, PLY and .npy clouds with labels, S3DIS, ModelNet, ScanObjectNN (.npy) and \
            the data set furniture; see the recipe's section data. Clouds are read a block at a \
            time, on each thread. What can't be used makes the command fail once the rest is done; \
            with --keep-going it is left out and listed with its reason.
            """)

    @OptionGroup var recipe: RecipeOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try recipe.overrides.refuse(
            seed: "points on surfaces are the same for every seed, so that runs share what is "
                + "prepared, and train takes it")
    }

    func run() throws {
        let console = common.start()
        let data = try PointRecipe(recipe.document(console), dataFolder: DataCache().root).data
        let progress = common.progress()
        defer { progress.finish() }
        progress.begin("reading points", isShownAtOnce: false)
        var tally = PreparationTally()
        let prepared = try PointPreparation(data, keepGoing: data.keepGoing).run(
            threads: Parallel.threadCount
        ) { event in
            tally.add(event)
            for line in event.lines { progress.message(line) }
        }
        progress.finish()
        let result = PreparationResult(
            tally, folder: prepared.folder,
            try PreparationSummary(prepared, sampling: data.sampling))
        try console.result(result) { result.text }
        for subset in PointIndex.Subset.allCases
        where prepared.index.counts(subset).allSatisfy({ $0 == 0 }) {
            throw InputError(
                "\(prepared.folder): nothing is left for \(subset), which train needs; correct the "
                    + "recipe's data or what was left out (\(tally.skipped.count))")
        }
    }
}
