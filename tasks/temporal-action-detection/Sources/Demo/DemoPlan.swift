// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Training

/// What `dr2net demo` is made of: data sets, recipe, run folders, the conventional steps beside it.
package struct DemoPlan: Sendable, Equatable {
    /// The data sets that the recipes read.
    package static let dataSets = ["big-buck-bunny", "dinov2-small"]
    /// Steps of conventional finetuning: the second one holds the optimizer's state as well.
    package static let conventionalSteps = 2

    /// The name of the recipe, long or short.
    package static func recipeName(isFull: Bool) -> String {
        isFull ? "big-buck-bunny" : "big-buck-bunny-short"
    }

    /// The recipe's path.
    package var recipe: String
    /// Overrides of the recipe, `key.path=value`.
    package var overrides: [String]
    /// The run folder.
    package var run: String
    /// Threads, where given.
    package var threads: Int?

    /// A plan.
    package init(recipe: String, overrides: [String], run: String, threads: Int? = nil) {
        self.recipe = recipe
        self.overrides = overrides
        self.run = run.count > 1 && run.hasSuffix("/") ? String(run.dropLast()) : run
        self.threads = threads
    }

    /// The run folder of the conventional steps.
    package var conventionalRun: String { run + "-conventional" }

    /// The arguments of `tad train` for the run.
    package var arguments: [String] {
        [recipe, "--run", run] + set(overrides)
    }

    /// The arguments of the program for conventional steps on the longest windows, for their memory.
    ///
    /// - Parameter excluded: What ``excluded(_:_:)`` gives.
    package func conventionalArguments(excluded: [String]) -> [String] {
        ["tad", "train", recipe, "--run", conventionalRun, "--quiet"]
            + (threads.map { ["--threads", "\($0)"] } ?? [])
            + set(
                overrides + [
                    "way=conventional", "steps=\(DemoPlan.conventionalSteps)",
                    "schedule.backboneStart=0", "schedule.decayStart=0", "evaluate.every=0",
                    "data.timeScale=1",
                    "data.excludedVideos=[\(excluded.map { "\"\($0)\"" }.joined(separator: ", "))]",
                ])
    }

    private func set(_ overrides: [String]) -> [String] { overrides.flatMap { ["--set", $0] } }

    /// Refuses run folders that are taken, before anything is done.
    package func checkFolders() throws(InputError) {
        for folder in [run, conventionalRun] where RunFolder.exists(folder) {
            throw InputError(
                "\(folder): holds a run already; go on with it by dr2net tad train --resume "
                    + "\(folder), or choose another folder with --run")
        }
    }

    /// What to do next: the picture to open, the command for a video of one's own, the guide.
    ///
    /// - Parameters:
    ///   - program: The program as it was called.
    ///   - guide: The page of the guide.
    package func closing(program: String, guide: String) -> String {
        """
        picture         \(run)/timeline.svg  (open it in a browser; curves are in \(run)/report.html)
        your own video  \(program) tad predict --run \(run) VIDEO
        guide           \(guide)
        """
    }

    /// What the conventional steps need not see: all training videos but the longest one, whose
    /// windows are the largest, and all of the evaluation but the shortest.
    package static func excluded(
        _ annotations: ActivityNetAnnotations, _ data: TemporalRecipe.Data
    ) -> [String] {
        func videos(_ subset: String) -> [ActivityNetAnnotations.Video] {
            annotations.videos.filter { $0.subset == subset }
                .sorted { ($0.duration ?? 0) < ($1.duration ?? 0) }
        }
        let left =
            videos(data.trainingSubset).dropLast() + videos(data.validationSubset).dropFirst()
        return left.map(\.id).sorted()
    }
}
