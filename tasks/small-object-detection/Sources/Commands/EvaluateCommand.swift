// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

extension DetectionProtocol: ExpressibleByArgument {}

/// `dr2net detect evaluate`: scores detected boxes by a public protocol.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Score predicted boxes against annotations: AP and AR by COCO, AI-TOD, VisDrone.",
        discussion: """
            Annotations have COCO's JSON form (images, categories, annotations), predictions its \
            results' form. --fail-below looks at AP. With --json the keys are the protocol's: AP AP50 AP75 APs APm APl AR1 \
            AR10 AR100 ARs ARm ARl for coco; null where nothing was to be found; perClass, counts and, \
            with --errors, what each cause of errors costs (TIDE).
            """)

    @OptionGroup var files: EvaluateOptions

    @Option(help: "The protocol.")
    var `protocol` = DetectionProtocol.coco

    @Option(
        help: """
            Numbers of predictions an image, such as 1,10,100,500; precision is that at the last. \
            (default: the protocol's)
            """)
    var maxDetections: String?

    @Flag(help: "Break down errors by cause, with the AP at IoU 0.5 that each costs.")
    var errors = false

    @Option(
        help: "A folder for precision-recall curves and the error breakdown as SVG.",
        completion: .directory)
    var curves: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        _ = try limits()
    }

    func run() throws {
        let console = common.start()
        if let curves {
            var plan = OutputPlan(inputs: [files.groundTruth, files.predictions])
            try plan.folder(curves, option: "--curves", files: [])
        }
        let limits = try limits()
        let evaluation = try common.working("scoring the predictions") {
            try DetectionEvaluation.evaluate(
                groundTruth: files.groundTruth, predictions: files.predictions, by: `protocol`,
                maximumDetections: limits, breaksDownErrors: errors || curves != nil,
                keepGoing: files.keepGoing)
        }
        if let curves {
            let pictures = try DetectionCurves(evaluation).write(to: curves)
            console.note("\(pictures.count) pictures in \(curves)")
        }
        try console.result(evaluation) { evaluation.table }
        try files.end(
            evaluation.averagePrecision, named: "AP",
            dropped: evaluation.droppedAnnotations + evaluation.droppedPredictions,
            faults: evaluation.dropped)
    }

    /// The numbers asked for; nil for the protocol's.
    private func limits() throws -> [Int]? {
        guard let maxDetections else { return nil }
        let numbers = maxDetections.split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0) ?? 0 }
        guard zip([0] + numbers, numbers).allSatisfy({ $0 < $1 }), numbers.count <= 16 else {
            throw ValidationError(
                "--max-detections \(maxDetections): expected rising numbers such as 1,10,100")
        }
        return numbers
    }
}
