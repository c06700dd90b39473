// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// `dr2net tad`: the commands of temporal action detection.
package struct TemporalActionDetectionCommand: ParsableCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "tad",
        abstract: "Temporal action detection: what happens when in a video.",
        subcommands: [
            PrepareCommand.self, ExtractCommand.self, TrainCommand.self, PredictCommand.self,
            EvaluateCommand.self, AnalyzeCommand.self,
        ])

    /// The group.
    package init() {}
}
