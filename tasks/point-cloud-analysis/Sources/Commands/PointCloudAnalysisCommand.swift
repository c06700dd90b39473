// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import CommandLineSupport
package import Datasets

/// `dr2net points`: the commands of point-cloud analysis.
package struct PointCloudAnalysisCommand: TaskCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "points",
        abstract: "Point clouds: prepare data, train, predict, score labels, look at files.",
        subcommands: [
            PrepareCommand.self, TrainCommand<PointTrainArguments>.self, PredictCommand.self,
            EvaluateCommand.self, ViewCommand.self,
        ])

    /// Opens files of its data sets for `data verify`.
    package static var partReader: any PartReader { PointPartReader() }

    /// The group.
    package init() {}
}
