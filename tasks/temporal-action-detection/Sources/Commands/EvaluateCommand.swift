// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

/// `dr2net tad evaluate`: scores predictions by the ActivityNet protocol.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predictions against annotations: mAP over tIoU thresholds, or AR@AN.",
        discussion: """
            Annotations have ActivityNet's JSON form or another that `tad prepare` takes (a CSV \
            table, a folder of tables, THUMOS14's folder), predictions ActivityNet's (results). \
            --fail-below looks at mAP, with --proposals at AUC. With --json the keys are mAP, \
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

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let files = arguments.evaluation
        if proposals {
            let evaluation = try common.working("scoring the proposals") {
                try ProposalEvaluation.evaluate(
                    groundTruth: files.groundTruth, predictions: files.predictions,
                    options: arguments.options())
            }
            try console.result(evaluation) { evaluation.table }
            return try files.end(
                evaluation.area, named: "AUC", dropped: evaluation.droppedEntries,
                faults: evaluation.dropped)
        }
        let evaluation = try common.working("scoring the predictions") {
            try TemporalEvaluation.evaluate(
                groundTruth: files.groundTruth, predictions: files.predictions,
                options: arguments.options())
        }
        try console.result(evaluation) { evaluation.table }
        try files.end(
            evaluation.average, named: "mAP",
            dropped: evaluation.droppedAnnotations + evaluation.droppedPredictions,
            faults: evaluation.dropped)
    }
}
