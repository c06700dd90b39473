// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Files
import Reports

/// `dr2net points evaluate`: scores predicted classes.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predicted labels against true ones: mIoU, mAcc, OA.",
        discussion: """
            Each side is a .npy array of any integer type, or a cloud whose points have classes: \
            LAS, PLY, .npy of [N, 7]. Points are compared in the files' order; two clouds must have \
            the same places. Classes are 0 to N - 1 (--classes N), or those of a run (--run DIR), \
            whose groups of numbers count as one. A class that is neither true nor predicted has no \
            IoU and does not count in the mean; a prediction that is no class is wrong. With --json \
            the keys are mIoU, mAcc, OA, names, perClass, confusion, points, ignored, outside \
            (points by predicted label that is no class) and majority (what the most frequent class \
            alone would score); with --without also mIoUWithout. --fail-below looks at mIoU; with \
            --keep-going points whose true label is no class are left out.
            """)

    @OptionGroup var files: EvaluateOptions

    @Option(help: "The number of classes N; labels are 0 to N - 1.")
    var classes: Int?

    @Option(
        name: .customLong("run"),
        help: "A run folder: its classes, their numbers in files and what it ignores.",
        completion: .directory)
    var runFolder: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: "A true label whose points don't count, such as -1. Repeatable.")
    var ignore: [Int] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A class without which mIoU is given, too: its points and its IoU; a number, or a name "
                + "with --run. Repeatable.", valueName: "class"))
    var without: [String] = []

    @Option(
        help: "Where a picture of the confusion matrix goes (.svg).",
        completion: .file(extensions: ["svg"]))
    var chart: String?

    @Option(help: "Names of the classes for the picture, separated by commas.")
    var names: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (classes == nil) != (runFolder == nil) else {
            throw ValidationError("give --classes N, or --run DIR for the classes of a run")
        }
        if let classes, !(1...4096).contains(classes) {
            throw ValidationError("--classes \(classes): expected 1 to 4096")
        }
        if let classes {
            for label in without where !(Int(label).map((0..<classes).contains) ?? false) {
                throw ValidationError("--without \(label): expected 0 to \(classes - 1)")
            }
        }
        if let names {
            guard let classes else {
                throw ValidationError("--names \(names): --run has names already")
            }
            let parts = names.split(separator: ",")
            guard parts.count == classes else {
                throw ValidationError("--names \(names): expected \(classes) names")
            }
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(
            chart, option: "--chart", endings: ["svg"],
            inputs: [files.groundTruth, files.predictions])
        let known = try evaluatedClasses()
        let left = try without.map { label in
            guard
                let found = known.names.firstIndex(of: label)
                    ?? classes.flatMap({ _ in Int(label) })
            else {
                throw InputError(
                    "--without \(label): expected a class of the run: "
                        + known.names.joined(separator: ", "))
            }
            return found
        }
        let evaluation = try common.working("scoring the predictions") {
            try PointEvaluation.evaluate(
                groundTruth: files.groundTruth, predictions: files.predictions, classes: known,
                without: Set(left), keepGoing: files.keepGoing)
        }
        if let chart {
            let (labels, counts) = evaluation.chart
            let shown = names.map { $0.split(separator: ",").map(String.init) } ?? known.names
            let picture = MatrixChart(
                title: "Predicted classes", names: shown + labels.dropFirst(shown.count),
                counts: counts)
            try AtomicFile.write(picture.svg(), to: chart)
        }
        try console.result(evaluation) { evaluation.table }
        try files.end(
            evaluation.mIoU, named: "mIoU", dropped: evaluation.droppedPoints,
            faults: evaluation.dropped)
    }

    private func evaluatedClasses() throws -> EvaluatedClasses {
        if let runFolder {
            return EvaluatedClasses(
                try PointRunData.read(runFolder).classes, ignored: Set(ignore))
        }
        return EvaluatedClasses(count: classes ?? 0, ignored: Set(ignore))
    }
}
