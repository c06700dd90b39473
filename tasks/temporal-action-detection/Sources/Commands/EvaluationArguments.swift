// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Files

/// What is compared with what, for the commands that score predictions.
struct EvaluationArguments: ParsableArguments {
    @OptionGroup var evaluation: EvaluateOptions

    @Option(help: "Score only videos of this subset, such as validation. (default: all)")
    var subset: String?

    @Option(help: "tIoU thresholds: 0.5 or 0.3,0.5,0.7 or first:last:step.")
    var tiou = "0.5:0.95:0.05"

    @Option(
        help: "JSON list of video ids to leave out, or an object whose names are ids.",
        completion: .file(extensions: ["json"]))
    var blockedVideos: String?

    func validate() throws {
        do {
            _ = try EvaluationThresholds.parse(tiou)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// The evaluation that was asked for.
    func options() throws(InputError) -> EvaluationOptions {
        var options = EvaluationOptions(
            subset: subset, thresholds: try EvaluationThresholds.parse(tiou),
            keepGoing: evaluation.keepGoing)
        if let blockedVideos {
            options.blockedVideos = try BlockedVideos.read(blockedVideos)
        }
        return options
    }
}
