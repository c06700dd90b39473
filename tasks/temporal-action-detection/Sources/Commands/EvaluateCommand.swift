// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

/// `dr2net tad evaluate`: scores predictions by the ActivityNet protocol.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predictions against annotations: mAP over tIoU thresholds.",
        discussion: """
            Both files have ActivityNet's JSON form (database, results). With --json the keys are \
            mAP, mAP@0.50 and so on for each threshold, perClass and counts.
            """)

    @Option(help: "Annotations (ActivityNet JSON).", completion: .file(extensions: ["json"]))
    var groundTruth: String

    @Option(help: "Predictions (ActivityNet JSON).", completion: .file(extensions: ["json"]))
    var predictions: String

    @Option(help: "Score only videos of this subset, such as validation. (default: all)")
    var subset: String?

    @Option(help: "tIoU thresholds: 0.5 or 0.3,0.5,0.7 or first:last:step.")
    var tiou = "0.5:0.95:0.05"

    @Option(
        help: "JSON list of video ids to leave out, or an object whose names are ids.",
        completion: .file(extensions: ["json"]))
    var blockedVideos: String?

    @Flag(help: "Drop and count faulty entries of both files instead of failing.")
    var keepGoing = false

    @Option(help: "Exit with code 2 where mAP is below this, in 0...1.")
    var failBelow: Double?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        do {
            _ = try EvaluationThresholds.parse(tiou)
        } catch {
            throw ValidationError("\(error)")
        }
        if let failBelow, !(0...1).contains(failBelow) {
            throw ValidationError("--fail-below \(failBelow): expected 0 to 1")
        }
    }

    func run() throws {
        let console = common.start()
        var options = EvaluationOptions(
            subset: subset, thresholds: try EvaluationThresholds.parse(tiou), keepGoing: keepGoing)
        if let blockedVideos {
            options.blockedVideos = try EvaluationOptions.readBlockedVideos(blockedVideos)
        }
        let evaluation = try TemporalEvaluation.evaluate(
            groundTruth: groundTruth, predictions: predictions, options: options)
        try console.result(evaluation) { evaluation.table }
        try ScoreGate.check(evaluation.average, named: "mAP", atLeast: failBelow)
    }
}
