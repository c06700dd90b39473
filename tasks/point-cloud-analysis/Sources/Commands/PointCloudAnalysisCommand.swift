// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// `dr2net points`: the commands of point-cloud analysis.
package struct PointCloudAnalysisCommand: ParsableCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "points",
        abstract: "Point clouds: prepare data, train, predict, score labels, look at files.",
        subcommands: [
            PointPrepareCommand.self, PointTrainCommand.self, PointPredictCommand.self,
            PointEvaluateCommand.self, PointViewCommand.self,
        ])

    /// The group.
    package init() {}
}
