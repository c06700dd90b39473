// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Console
import Datasets
import Files
import Foundation
import Ranks
import Tensors
package import Training

/// The arguments of every task's `train`.
package struct TrainOptions: ParsableArguments {
    /// The recipe's path or name.
    @Argument(help: RecipeArgument.help, completion: RecipeArgument.completion)
    package var recipe: String?

    /// What is laid over the recipe.
    @OptionGroup package var overrides: RecipeOverrides

    /// The run folder.
    @Option(
        name: .customLong("run"),
        help: "The run folder to create. (default: runs/<recipe>-<time>)", completion: .directory)
    package var runFolder: String?

    /// A run folder to go on with, or ``automatic``.
    @Option(
        help: ArgumentHelp(
            "Go on with the run in this folder; its recipe may be given too. With auto: go on with "
                + "the run in the folder of --run from its newest valid checkpoint where there is "
                + "one, else start it.",
            valueName: "folder or auto"),
        completion: .directory)
    package var resume: String?

    /// The folder of a run to take the weights of.
    @Option(
        help: "Start, at step 0, from the weights of the run in this folder.",
        completion: .directory)
    package var startFrom: String?

    /// A number of bytes.
    @Option(help: "Bytes that a step may count at its peak, such as 2GiB; picks the tile.")
    package var memoryBudget: String?

    /// The value of ``resume`` that starts a run or goes on with it, as the folder says.
    package static let automatic = "auto"

    /// Options at their defaults.
    package init() {}

    /// Refuses options that exclude each other.
    package func validate() throws {
        if resume == TrainOptions.automatic {
            if recipe == nil || runFolder == nil {
                throw ValidationError(
                    "--resume auto needs the recipe and --run DIR; for a folder of that name give "
                        + "./auto")
            }
            return
        }
        if recipe == nil, resume == nil {
            throw ValidationError("give a recipe, or --resume DIR to go on with a run")
        }
        if resume != nil, runFolder != nil {
            throw ValidationError("--run and --resume exclude each other")
        }
        if resume != nil, startFrom != nil {
            throw ValidationError("--start-from and --resume exclude each other")
        }
    }

    /// Reads the recipe, opens or makes the run folder and runs `body` in it.
    ///
    /// What failed before its first step leaves nothing that would be in the next try's way.
    ///
    /// - Parameters:
    ///   - common: The options of every command.
    ///   - read: The task's recipe of a document.
    ///   - parts: The recipe's shared parts.
    ///   - files: What the task writes into the folder before its first step.
    ///   - body: Trains; what it returns is printed by the caller.
    /// - Returns: What `body` does; nil in a process that only helps rank 0 (see `Ranks`).
    package func run<Recipe, Result>(
        _ common: CommonOptions,
        read: (_ document: RecipeDocument, _ dataFolder: String) throws -> Recipe,
        parts: (Recipe) -> (training: TrainingRecipe, resolved: ResolvedRecipe),
        files: [String] = [],
        body: (Recipe, RunFolder, ProgressLine) throws -> Result
    ) throws -> Result? {
        let data = DataCache().root
        let mpi = try OpenMPI.start()
        if let mpi, mpi.rank > 0 {
            let ranks = try RunRanks.await(mpi)
            let document = try RecipeDocument(text: ranks.recipe, name: "rank 0's recipe")
            let recipe = try read(document, data)
            try follow(ranks, common, parts(recipe)) { try body(recipe, $0, $1) }
            mpi.finish()
            return nil
        }
        let folder: RunFolder
        let recipe: Recipe
        var isNew = false
        if resume == TrainOptions.automatic, let runFolder, RunFolder.exists(runFolder) {
            folder = try RunFolder.open(runFolder, startsOver: true)
            recipe = try read(document(self.recipe ?? "", common), data)
            let former = try read(RecipeDocument(path: folder.recipePath), data)
            try check(
                parts(recipe).resolved, against: parts(former).resolved, in: runFolder,
                advice: "choose another folder with --run, or go on with its own recipe by "
                    + "--resume \(runFolder)")
        } else if let resume, resume != TrainOptions.automatic {
            folder = try RunFolder.open(resume)
            let former = try read(RecipeDocument(path: folder.recipePath), data)
            var given = try document(self.recipe ?? folder.recipePath, common)
            // An option of the first call, of no effect on a run that has begun.
            if let start = parts(former).training.startFrom, self.recipe != nil {
                try given.set("startFrom", to: start, option: "--resume")
            }
            recipe = try read(given, data)
            try check(
                parts(recipe).resolved, against: parts(former).resolved, in: resume,
                advice: "go on with its own recipe by --resume \(resume) alone, or start a new run")
        } else {
            let path = self.recipe ?? ""
            recipe = try read(document(path, common), data)
            folder = try RunFolder.create(
                runFolder ?? TrainOptions.defaultRun(path), recipe: parts(recipe).resolved)
            isNew = true
        }
        setThreads(parts(recipe).training, common)
        folder.ranks = mpi.map { RunRanks($0, recipe: parts(recipe).resolved.yaml) }
        do {
            let result = try body(
                recipe, folder, common.progress())
            try folder.ranks?.end()
            mpi?.finish()
            return result
        } catch {
            if isNew {
                folder.removeIfUnused(
                    also: [RunDescription.fileName, RunEnvironment.fileName] + files)
            }
            throw error
        }
    }

    /// Refuses a recipe that is not the run's, and names what differs.
    private func check(
        _ recipe: ResolvedRecipe, against former: ResolvedRecipe, in folder: String, advice: String
    ) throws(InputError) {
        guard recipe.fingerprint != former.fingerprint else { return }
        let found = recipe.differences(from: former)
        throw InputError(
            "\(folder): holds a run of another recipe: "
                + found.prefix(5).joined(separator: "; ")
                + (found.count > 5 ? "; \(found.count - 5) more" : "") + "; " + advice)
    }

    /// The part of a process that helps rank 0: all of a run in a folder that nobody keeps.
    private func follow<Result>(
        _ ranks: RunRanks, _ common: CommonOptions,
        _ parts: (training: TrainingRecipe, resolved: ResolvedRecipe),
        body: (RunFolder, ProgressLine) throws -> Result
    ) throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("dr2net-rank-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try RunFolder.create(path, recipe: parts.resolved)
        folder.ranks = ranks
        setThreads(parts.training, common)
        _ = try body(folder, ProgressLine(.quiet))
        try ranks.end()
    }

    private func setThreads(_ training: TrainingRecipe, _ common: CommonOptions) {
        // The command line's own number is in force already.
        if common.threads == nil, training.threads > 0 {
            Parallel.setThreadCount(training.threads)
        }
    }

    /// A recipe with the options laid over it.
    package func document(
        _ path: String, _ common: CommonOptions
    ) throws -> RecipeDocument {
        var document = try overrides.document(
            of: path, adding: memoryBudget.map { ["memoryBudget=\($0)"] } ?? [], common.output)
        if let startFrom {
            try document.set("startFrom", to: startFrom, option: "--start-from")
        }
        return document
    }

    /// The run folder of a recipe where none is named: `runs/NAME-TIME`.
    package static func defaultRun(_ recipe: String) -> String {
        let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
        let format = DateFormatter()
        format.dateFormat = "yyyyMMdd-HHmmss"
        format.locale = Locale(identifier: "en_US_POSIX")
        return "runs/\(name)-\(format.string(from: Date()))"
    }
}
