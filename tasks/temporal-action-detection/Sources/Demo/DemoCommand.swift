// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Foundation

/// `dr2net demo`: from nothing to a finetuned action detector on a real film.
package struct DemoCommand: ParsableCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Finetune an action detector on a real film, with scores and memory compared.",
        discussion: """
            Fetches the film Big Buck Bunny and DINOv2-S, prepares frames, finetunes with Dr2Net, \
            and prints scores beside random segments and memory beside two conventional steps. The \
            recipe is big-buck-bunny-short, with --full big-buck-bunny. What is fetched and \
            prepared stays. Ctrl-C saves a checkpoint that `dr2net tad train --resume` goes on from.
            """)

    @Flag(help: "The long setting: more steps of the head and of the backbone.")
    var full = false

    @Option(
        name: .customLong("run"),
        help: "The run folder to create. (default: runs/demo-<time>)", completion: .directory)
    var runFolder: String?

    @OptionGroup var overrides: RecipeOverrides

    @OptionGroup var common: CommonOptions

    /// The command at its defaults.
    package init() {}

    /// Runs the demo and prints what it gave.
    package func run() throws {
        let console = common.start()
        let recipe = try RecipeCatalog.find().recipe(named: DemoPlan.recipeName(isFull: full))
        let plan = DemoPlan(
            recipe: recipe.path, overrides: overrides.settings,
            run: runFolder ?? TrainOptions.defaultRun("demo"),
            threads: common.threads)
        let progress = common.progress()
        defer { progress.finish() }
        guard let result = try Demo(plan, common: common, progress: progress)() else { return }
        try console.result(result) {
            let folder = URL(fileURLWithPath: recipe.path).deletingLastPathComponent()
                .deletingLastPathComponent().path
            let closing = plan.closing(
                program: CommandLine.arguments.first ?? "dr2net", guide: "\(folder)/README.md")
            return
                "\n\(result.text)\n\n\(closing)\ndone in \(ProgressLine.duration(result.seconds))"
        }
    }
}
