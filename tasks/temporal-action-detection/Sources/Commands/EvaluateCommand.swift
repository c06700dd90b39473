// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

/// `dr2net tad evaluate`: scores predictions by the ActivityNet protocol.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predictions against annotations: mAP over tIoU thresholds, or AR@AN.",
        discussion: """
            Annotations have ActivityNet's JSON form or another that `tad prepare` takes (CSV, \
            THUMOS14's folder), predictions ActivityNet's (results). With --json the keys are mAP, \
            mAP@0.50 and so on for each threshold, perClass and counts; with --proposals AUC, \
            AR@1, AR@5, AR@10, AR@50, AR@100, averageRecall and counts.
            """)

    @OptionGroup var arguments: EvaluationArguments

    @Flag(
        help: """
            Score proposals without classes by ActivityNet's protocol: recall at an average of 1 \
            to 100 proposals a video (AR@AN) and the area under it (AUC).
            """)
    var proposals = false

    @Option(help: "Exit with code 2 where mAP (or AUC) is below this, in 0...1.")
    var failBelow: Double?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let failBelow, !(0...1).contains(failBelow) {
            throw ValidationError("--fail-below \(failBelow): expected 0 to 1")
        }
    }

    func run() throws {
        let console = common.start()
        if proposals {
            let evaluation = try common.working("scoring the proposals") {
                try ProposalEvaluation.evaluate(
                    groundTruth: arguments.groundTruth, predictions: arguments.predictions,
                    options: arguments.options())
            }
            try console.result(evaluation) { evaluation.table }
            try ScoreGate.check(evaluation.area, named: "AUC", atLeast: failBelow)
            return
        }
        let evaluation = try common.working("scoring the predictions") {
            try TemporalEvaluation.evaluate(
                groundTruth: arguments.groundTruth, predictions: arguments.predictions,
                options: arguments.options())
        }
        try console.result(evaluation) { evaluation.table }
        try ScoreGate.check(evaluation.average, named: "mAP", atLeast: failBelow)
    }
}
