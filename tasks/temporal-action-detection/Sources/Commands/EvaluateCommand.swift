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

    @OptionGroup var arguments: EvaluationArguments

    @Option(help: "Exit with code 2 where mAP is below this, in 0...1.")
    var failBelow: Double?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let failBelow, !(0...1).contains(failBelow) {
            throw ValidationError("--fail-below \(failBelow): expected 0 to 1")
        }
    }

    func run() throws {
        let console = common.start()
        let evaluation = try TemporalEvaluation.evaluate(
            groundTruth: arguments.groundTruth, predictions: arguments.predictions,
            options: arguments.options())
        try console.result(evaluation) { evaluation.table }
        try ScoreGate.check(evaluation.average, named: "mAP", atLeast: failBelow)
    }
}
