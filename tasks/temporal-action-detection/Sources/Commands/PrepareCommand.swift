// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files
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
            files. Checks that every \
            annotated video exists, decodes and is as long as the annotation says. What can't be \
            used is left out and listed with its reason. Beside the frames it writes \
            annotations.json (what training uses, as ActivityNet JSON) and blocked.json (what was \
            left out, for `tad evaluate --blocked-videos`). The exit code is 1 where nothing is left.
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "Videos decoded at a time. (default: as many as threads)")
    var workers: Int?

    @Flag(help: "Only open every video and compare its length; write nothing.")
    var check = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try recipe.overrides.refuse(
            seed: "what is prepared is the same for every seed, so that runs share it, and train "
                + "takes it")
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers \(workers): expected 1 to 1024")
        }
    }

    func run() throws {
        let console = common.start()
        let recipe = try TemporalRecipe(recipe.document(console), dataFolder: DataCache().root)
        let preparation = try Preparation(recipe)
        for issue in preparation.annotations.issues where issue.action != .kept {
            console.note("\(issue)")
        }
        let workers = workers ?? Parallel.threadCount
        let progress = common.progress()
        let report = { (done: Int, total: Int, id: String, outcome: Preparation.Outcome) in
            progress.message(Preparation.line(done, total, id, outcome))
        }
        progress.begin(check ? "opening videos" : "decoding videos", isShownAtOnce: false)
        defer { progress.finish() }
        let index =
            check
            ? try preparation.check(workers: workers, report: report)
            : try preparation.run(
                workers: workers, warn: progress.message, report: report
            ).index
        progress.finish()
        let summary = PreparationSummary(
            index, preparation.annotations, folder: check ? nil : recipe.data.prepared)
        try console.result(summary) { summary.text }
        guard !index.videos.isEmpty else {
            throw InputError(
                "no video is usable: \(index.skipped.first?.reason ?? "the annotation names none")")
        }
    }
}

extension Preparation {
    /// A progress line.
    static func line(_ done: Int, _ total: Int, _ id: String, _ outcome: Outcome) -> String {
        let state =
            switch outcome {
            case .decoded(let frames, 0): "\(frames) frames"
            case .decoded(let frames, let warnings):
                "\(frames) frames, \(warnings) damaged or missing"
            case .present: "already there"
            case .checked(let frames): "fine, \(frames) frames"
            case .skipped(let reason): "left out: \(reason)"
            }
        return "\(done)/\(total) \(id): \(state)"
    }
}
