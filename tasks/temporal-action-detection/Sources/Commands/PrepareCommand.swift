// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Preparation
import Recipes
import Tensors
import Training

/// `dr2net tad prepare`: decodes a recipe's videos once, at the training rate and size.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Decode a recipe's videos to the frames that training reads; resumable.",
        discussion: """
            Annotations are ActivityNet JSON, tables (commas, semicolons or tabs) or THUMOS14's text \
            files. Checks that every annotated video exists, decodes and is as long as the \
            annotation says. Where one can't be used the others are decoded, and the command then \
            fails; with --keep-going it is left out and listed with its reason. Beside the frames \
            it writes annotations.json (what training uses, as ActivityNet JSON) and blocked.json \
            (what was left out, for `tad evaluate --blocked-videos`).
            """)

    @OptionGroup var recipe: RecipeOptions

    @Flag(help: "Only open every video and compare its length; write nothing.")
    var check = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try recipe.overrides.refuse(
            seed: "what is prepared is the same for every seed, so that runs share it, and train "
                + "takes it")
    }

    func run() throws {
        let console = common.start()
        let recipe = try TemporalRecipe(recipe.document(console), dataFolder: DataCache().root)
        let preparation = try TemporalPreparation(recipe, keepGoing: recipe.data.keepGoing)
        for issue in preparation.annotations.issues where issue.action != .kept {
            console.note("\(issue)")
        }
        let progress = common.progress()
        var tally = PreparationTally()
        let report = { (event: PreparationEvent) in
            tally.add(event)
            for line in event.lines { progress.message(line) }
        }
        progress.begin(check ? "opening videos" : "decoding videos", isShownAtOnce: false)
        defer { progress.finish() }
        let threads = Parallel.threadCount
        let index =
            check
            ? try preparation.check(threads: threads, report: report)
            : try preparation.run(threads: threads, report: report, warn: progress.message).index
        progress.finish()
        let folder = check ? nil : recipe.data.prepared
        let result = PreparationResult(
            tally, folder: folder,
            PreparationSummary(index, preparation.annotations, folder: folder))
        try console.result(result) { result.text }
    }
}
