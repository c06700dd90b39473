// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import Console
import Datasets
import Files
import Foundation
import Ranks
package import Recipes
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

    /// Reads the recipe, opens or makes the run folder and trains in it.
    ///
    /// What failed before its first step leaves nothing that would be in the next try's way.
    ///
    /// - Returns: The result, and as people read it; nil in a process that only helps rank 0 (see
    ///   `Ranks`).
    package func run<Task: RunnableTask>(
        _ task: Task.Type, _ common: CommonOptions
    ) throws -> (result: RunResult, text: String)? {
        let mpi = try OpenMPI.start()
        if let mpi, mpi.rank > 0 {
            try follow(task, try RunRanks.await(mpi), common)
            mpi.finish()
            return nil
        }
        let (recipe, folder, isNew) = try place(task, common)
        setThreads(recipe.training, common)
        folder.ranks = mpi.map { RunRanks($0, recipe: recipe.resolved.yaml) }
        do {
            let result = try task.run(recipe, folder: folder, progress: common.progress())
            try folder.ranks?.end()
            mpi?.finish()
            return result
        } catch {
            if isNew {
                folder.removeIfUnused(
                    also: [RunDescription.fileName, RunEnvironment.fileName] + task.files)
            }
            throw error
        }
    }

    /// The recipe, and the folder of its run: one to go on with, or a new one.
    private func place<Task: RunnableTask>(
        _ task: Task.Type, _ common: CommonOptions
    ) throws -> (Task.Recipe, RunFolder, isNew: Bool) {
        let data = DataCache().root
        if resume == TrainOptions.automatic, let runFolder, RunFolder.exists(runFolder) {
            let folder = try RunFolder.open(runFolder, startsOver: true)
            let recipe = try Task.Recipe(document(self.recipe ?? "", common), dataFolder: data)
            let former = try Task.Recipe(
                RecipeDocument(path: folder.recipePath), dataFolder: data)
            try check(
                recipe.resolved, against: former.resolved, in: runFolder,
                advice: "choose another folder with --run, or go on with its own recipe by "
                    + "--resume \(runFolder)")
            return (recipe, folder, false)
        }
        if let resume, resume != TrainOptions.automatic {
            let folder = try RunFolder.open(resume)
            let former = try Task.Recipe(
                RecipeDocument(path: folder.recipePath), dataFolder: data)
            var given = try document(self.recipe ?? folder.recipePath, common)
            // An option of the first call, of no effect on a run that has begun.
            if let start = former.training.startFrom, self.recipe != nil {
                try given.set("startFrom", to: start, option: "--resume")
            }
            let recipe = try Task.Recipe(given, dataFolder: data)
            try check(
                recipe.resolved, against: former.resolved, in: resume,
                advice: "go on with its own recipe by --resume \(resume) alone, or start a new run")
            return (recipe, folder, false)
        }
        let path = self.recipe ?? ""
        let recipe = try Task.Recipe(document(path, common), dataFolder: data)
        let folder = try RunFolder.create(
            runFolder ?? TrainOptions.defaultRun(path), recipe: recipe.resolved)
        return (recipe, folder, true)
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
    private func follow<Task: RunnableTask>(
        _ task: Task.Type, _ ranks: RunRanks, _ common: CommonOptions
    ) throws {
        let recipe = try Task.Recipe(
            RecipeDocument(text: ranks.recipe, name: "rank 0's recipe"),
            dataFolder: DataCache().root)
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("dr2net-rank-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try RunFolder.create(path, recipe: recipe.resolved)
        folder.ranks = ranks
        setThreads(recipe.training, common)
        _ = try task.run(recipe, folder: folder, progress: ProgressLine(.quiet))
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
