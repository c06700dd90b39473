// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import CommandLineSupport
package import Datasets

/// `dr2net tad`: the commands of temporal action detection.
package struct TemporalActionDetectionCommand: TaskCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "tad",
        abstract: "Temporal action detection: what happens when in a video.",
        subcommands: [
            PrepareCommand.self, ExtractCommand.self, TrainCommand<TemporalTrainArguments>.self,
            PredictCommand.self, EvaluateCommand.self, AnalyzeCommand.self,
        ])

    /// Opens files of its data sets for `data verify`.
    package static var partReader: any PartReader { TemporalPartReader() }

    /// The group.
    package init() {}
}
