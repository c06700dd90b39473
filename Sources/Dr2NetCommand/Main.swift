// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import TemporalActionDetection
import Training

/// The command line's root.
@main struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dr2net",
        abstract: "Memory-efficient finetuning of pretrained networks by reversible residuals.",
        discussion: """
            Every command takes --json, --quiet and --threads. --seed, --set and --keep-going mean \
            the same wherever they are; where they would change nothing they are refused with the \
            reason. Exit codes: 0 done, 1 failed or faulty input left out, 2 a --fail-below was \
            missed, 64 usage.
            """,
        version: "dr2net \(Version.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Task", subcommands: Tasks.all.map { $0 as any ParsableCommand.Type }),
            CommandGroup(
                name: "General",
                subcommands: [
                    DemoCommand.self, BackboneCommand.self, DataCommand.self, RecipeCommand.self,
                    ClipCommand.self, ReportCommand.self, InfoCommand.self,
                ]),
        ])

    static func main() { runAndExit() }
}
