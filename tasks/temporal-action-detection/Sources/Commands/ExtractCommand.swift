// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Preparation
import Recipes
import Training

/// `dr2net tad extract`: the features of a recipe's videos.
struct ExtractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Write the features of a recipe's videos, a .npy file each; resumable.",
        discussion: """
            Takes any backbone of `dr2net backbone list` with its pretrained weights. A recipe \
            with data.features then trains a head on the files: VIDEO.features.json beside each \
            VIDEO.npy says when its vectors are, and tells whether film or settings have changed.
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "The folder to write to.", completion: .directory)
    var output: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let recipe = try TemporalRecipe(recipe.document(console), dataFolder: DataCache().root)
        let progress = common.progress()
        defer { progress.finish() }
        progress.begin("reading the backbone's weights", isShownAtOnce: false)
        let extraction = try FeatureExtraction(recipe, folder: output)
        for note in extraction.notes { progress.message(note) }
        progress.begin("decoding videos", isShownAtOnce: false)
        var tally = PreparationTally()
        let summary = try extraction.run { event in
            tally.add(event)
            for line in event.lines { progress.message(line) }
        } frames: { id, done, total in
            progress.update(done: done, total: total, "frames of \(id)")
        }
        progress.finish()
        let result = PreparationResult(tally, folder: output, summary)
        try console.result(result) { result.text }
    }
}
