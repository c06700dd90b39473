// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// `dr2net detect`: the commands of small-object detection.
package struct SmallObjectDetectionCommand: ParsableCommand {
    /// The command's name and help.
    package static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Small-object detection: where many small things are in an image.",
        subcommands: [
            PrepareCommand.self, PreviewCommand.self, TrainCommand.self, PredictCommand.self,
            EvaluateCommand.self,
        ])

    /// The group.
    package init() {}
}
