// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import CommandLineSupport
package import Datasets

/// `dr2net detect`: the commands of small-object detection.
package struct SmallObjectDetectionCommand: TaskCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Small-object detection: where many small things are in an image.",
        subcommands: [
            PrepareCommand.self, PreviewCommand.self, TrainCommand<DetectionTrainArguments>.self,
            PredictCommand.self, EvaluateCommand.self,
        ])

    /// Opens files of its data sets for `data verify`.
    package static var partReader: any PartReader { DetectionPartReader() }

    /// The group.
    package init() {}
}
