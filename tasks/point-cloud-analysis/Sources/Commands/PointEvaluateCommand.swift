// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Reports

/// `dr2net points evaluate`: scores predicted classes.
struct PointEvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predicted labels against true ones: mIoU, mAcc, OA.",
        discussion: """
            Both files are .npy arrays of one shape and of any integer type. A class that is \
            neither true nor predicted has no IoU and does not count in the mean. With --json the \
            keys are mIoU, mAcc, OA, perClass, confusion, points, ignored and majority (what the \
            most frequent class alone would score); with --without also mIoUWithout.
            """)

    @Option(help: "True labels (.npy).", completion: .file(extensions: ["npy"]))
    var groundTruth: String

    @Option(help: "Predicted labels (.npy).", completion: .file(extensions: ["npy"]))
    var predictions: String

    @Option(help: "The number of classes N; labels are 0 to N - 1.")
    var classes: Int

    @Option(
        parsing: .unconditionalSingleValue,
        help: "A true label whose points don't count, such as -1. Repeatable.")
    var ignore: [Int] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: "A class without which mIoU is given, too: its points and its IoU. Repeatable.")
    var without: [Int] = []

    @Option(
        help: "Where a picture of the confusion matrix goes (.svg).",
        completion: .file(extensions: ["svg"]))
    var chart: String?

    @Option(help: "Names of the classes for the picture, separated by commas.")
    var names: String?

    @Option(help: "Exit with code 2 where mIoU is below this, in 0...1.")
    var failBelow: Double?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...4096).contains(classes) else {
            throw ValidationError("--classes \(classes): expected 1 to 4096")
        }
        for label in without where !(0..<classes).contains(label) {
            throw ValidationError("--without \(label): expected 0 to \(classes - 1)")
        }
        if let names, names.split(separator: ",").count != classes {
            throw ValidationError("--names \(names): expected \(classes) names")
        }
        if let failBelow, !(0...1).contains(failBelow) {
            throw ValidationError("--fail-below \(failBelow): expected 0 to 1")
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(
            chart, option: "--chart", endings: ["svg"], inputs: [groundTruth, predictions])
        let evaluation = try PointEvaluation.evaluate(
            groundTruth: groundTruth, predictions: predictions, classes: classes,
            ignored: Set(ignore), without: Set(without))
        if let chart {
            let names = names?.split(separator: ",").map(String.init)
            let picture = MatrixChart(
                title: "Predicted classes",
                names: names ?? (0..<classes).map(String.init), counts: evaluation.confusion)
            try AtomicFile.write(picture.svg(), to: chart)
        }
        try console.result(evaluation) { evaluation.table }
        try ScoreGate.check(evaluation.mIoU, named: "mIoU", atLeast: failBelow)
    }
}
