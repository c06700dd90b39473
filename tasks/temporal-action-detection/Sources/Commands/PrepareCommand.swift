// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Training

/// `dr2net tad prepare`: decodes a recipe's videos once, at the training rate and size.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Decode a recipe's videos to the frames that training reads; resumable.",
        discussion: """
            Checks that every annotated video exists, decodes and is as long as the annotation \
            says. What can't be used is left out and listed with its reason.
            """)

    @Argument(help: "The recipe (YAML).", completion: .file(extensions: ["yaml"]))
    var recipe: String

    @Option(help: "Override a key of the recipe: key.path=value. Repeatable.")
    var set: [String] = []

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let recipe = try TemporalRecipe(
            RecipeDocument(path: recipe, overrides: set), dataFolder: DataCache().root)
        let frames = try Preparation(recipe).run { done, total, id, outcome in
            console.note(Preparation.line(done, total, id, outcome))
        }
        let index = frames.index
        try console.result(index) {
            let skipped = index.skipped.map { "  left out \($0.id): \($0.reason)" }
            let count = index.videos.reduce(0) { $0 + $1.frames }
            return
                (["\(index.videos.count) videos, \(count) frames in \(frames.folder)"] + skipped)
                .joined(separator: "\n")
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
            case .skipped(let reason): "left out: \(reason)"
            }
        return "\(done)/\(total) \(id): \(state)"
    }
}
