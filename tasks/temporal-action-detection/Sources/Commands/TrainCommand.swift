// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Training

/// `dr2net tad train`: finetunes, evaluates, writes the run folder.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Finetune a pretrained backbone with a detection head; evaluate at the end.")

    @Argument(help: "The recipe (YAML).", completion: .file(extensions: ["yaml"]))
    var recipe: String?

    @Option(help: "Override a key of the recipe: key.path=value. Repeatable.")
    var set: [String] = []

    @Option(
        name: .customLong("run"),
        help: "The run folder to create. (default: runs/<recipe>-<time>)", completion: .directory)
    var runFolder: String?

    @Option(help: "Go on with the run in this folder.", completion: .directory)
    var resume: String?

    @Option(help: "Bytes that a step may count at its peak, such as 2GiB; picks the tile.")
    var memoryBudget: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if (recipe == nil) == (resume == nil) {
            throw ValidationError("give a recipe, or --resume DIR to go on with a run")
        }
        if resume != nil, runFolder != nil {
            throw ValidationError("--run and --resume exclude each other")
        }
    }

    func run() throws {
        let console = common.start()
        var overrides = set
        if let memoryBudget { overrides.append("memoryBudget=\(memoryBudget)") }
        if let seed = common.givenSeed { overrides.append("seed=\(seed)") }
        let data = DataCache().root
        let folder: RunFolder
        let recipe: TemporalRecipe
        if let resume {
            folder = try RunFolder.open(resume)
            recipe = try TemporalRecipe(
                RecipeDocument(path: folder.recipePath, overrides: overrides), dataFolder: data)
        } else {
            let path = self.recipe ?? ""
            recipe = try TemporalRecipe(
                RecipeDocument(path: path, overrides: overrides), dataFolder: data)
            folder = try RunFolder.create(runFolder ?? defaultRun(path), recipe: recipe.resolved)
        }
        // The command line's own number is in force already.
        if common.threads == nil, recipe.training.threads > 0 {
            Parallel.setThreadCount(recipe.training.threads)
        }
        let progress = ProgressLine(ProgressLine.style(isQuiet: common.quiet))
        let result: TemporalRunResult
        do {
            result = try TemporalRun(recipe, folder: folder, progress: progress)()
        } catch {
            // What failed before its first step leaves nothing that would be in the next try's way.
            if resume == nil { folder.removeIfUnused(also: ["model.json"]) }
            throw error
        }
        try console.result(result) { result.text }
    }

    private func defaultRun(_ recipe: String) -> String {
        let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
        let format = DateFormatter()
        format.dateFormat = "yyyyMMdd-HHmmss"
        format.locale = Locale(identifier: "en_US_POSIX")
        return "runs/\(name)-\(format.string(from: Date()))"
    }
}
