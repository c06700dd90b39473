// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
package import CommandLineSupport
package import Console
package import Datasets
import Foundation
import Preparation
import Reversible
import Tensors
import Training

/// A run of the demo: data, frames, training, the conventional steps for comparison.
package struct Demo {
    private let plan: DemoPlan
    private let common: CommonOptions
    private let progress: ProgressLine
    private let runner: any CommandRunner
    private let begin = ProgressLine.seconds()

    /// A demo as planned.
    ///
    /// - Parameter runner: Starts the conventional steps.
    package init(
        _ plan: DemoPlan, common: CommonOptions, progress: ProgressLine,
        runner: any CommandRunner = SystemCommandRunner()
    ) {
        self.plan = plan
        self.common = common
        self.progress = progress
        self.runner = runner
    }

    /// Does all of it.
    ///
    /// - Parameter dataSets: Names of the data sets to fetch first.
    /// - Returns: Nil in a process that only helps rank 0.
    /// - Throws: One line, also after an interruption.
    package func callAsFunction(
        fetching dataSets: [String] = DemoPlan.dataSets
    ) throws -> DemoResult? {
        try plan.checkFolders()
        let options = try TrainOptions.parse(plan.arguments)
        let root = DataCache().root
        // Before anything is fetched: a misspelt key should not cost a download.
        let recipe = try TemporalRecipe(options.document(plan.recipe, common), dataFolder: root)
        if !dataSets.isEmpty {
            step("film and pretrained weights, checked by SHA-256")
            try fetch(dataSets)
        }
        step("frames")
        progress.begin("preparing frames in \(recipe.data.prepared)")
        let preparation = try TemporalPreparation(recipe)
        _ = try preparation.run(
            threads: Parallel.threadCount,
            report: { for line in $0.lines { progress.message(line) } }, warn: progress.message)
        progress.finish()
        step("finetuning: \(recipe.finetuning.way.rawValue), into \(plan.run)")
        guard let (result, _) = try options.run(TemporalTask.self, common) else { return nil }
        step(
            "\(DemoPlan.conventionalSteps) conventional steps on the longest windows, for the memory "
                + "alone")
        let conventional = conventional(
            excluded: recipe.data.excludedVideos
                + DemoPlan.excluded(preparation.annotations, recipe.data))
        progress.finish()
        return DemoResult(
            run: result, conventional: conventional, seconds: ProgressLine.seconds() - begin)
    }

    private func step(_ title: String) {
        let seconds = ProgressLine.duration((ProgressLine.seconds() - begin).rounded(.down))
        progress.message("\n== \(title) (after \(seconds))")
    }

    private func fetch(_ names: [String]) throws {
        let catalog = try ManifestCatalog.find(), cache = DataCache()
        for name in names {
            progress.begin("\(name): checking what is there")
            let result = try cache.fetch(try catalog.manifest(named: name), from: catalog) {
                progress.begin("\(name): \($0.description)")
            }
            progress.message(result.describe())
            progress.finish()
        }
    }

    /// The conventional steps, in a process of their own: what is resident is then theirs alone, and
    /// where the memory doesn't suffice the system ends that process and not this one.
    private func conventional(excluded: [String]) -> RunResult? {
        guard let program = RunningProgram.executable else { return nil }
        progress.begin("conventional steps")
        let arguments = plan.conventionalArguments(excluded: excluded)
        do {
            let ended = try runner.run(Command(program, arguments))
            guard ended.status == 0 else {
                progress.message(
                    "the conventional steps ended with code \(ended.status): \(ended.reason)")
                return nil
            }
        } catch {
            progress.message("the conventional steps could not be started: \(error)")
            return nil
        }
        return RunResult.read(plan.conventionalRun)
    }
}
