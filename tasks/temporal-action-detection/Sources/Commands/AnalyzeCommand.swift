// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Files
import Foundation

/// `dr2net tad analyze`: where temporal detections go wrong.
struct AnalyzeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Break down the errors of predictions: causes, recall, sensitivity, classes.",
        discussion: """
            After Alwassel et al., "Diagnosing error in temporal action detectors", ECCV 2018: \
            false positives among the best predictions by cause (double detection, wrong label, \
            localization, confusion, background) and what each costs; recall and normalised mAP \
            by length, coverage and number of segments in the video; per-class AP. --fail-below \
            looks at mAP.
            """)

    @OptionGroup var arguments: EvaluationArguments

    @Option(
        help: ArgumentHelp(
            "Buckets of length, coverage and count: "
                + BucketScheme.allCases.map(\.rawValue).joined(separator: ", ") + "."))
    var buckets = BucketScheme.activitynet

    @Option(help: "Look at the best k x G predictions of a class with G segments, 1 to 1000.")
    var top = 10

    @Option(help: "Normalised precision above which a found segment counts for the recall, 0...1.")
    var minimumPrecision = 0.05

    @Option(
        help: "Folder for analysis.html (one self-contained page), analysis.json and the charts.",
        completion: .directory)
    var output: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...1000).contains(top) else {
            throw ValidationError("--top \(top): expected 1 to 1000")
        }
        guard (0...1).contains(minimumPrecision) else {
            throw ValidationError("--minimum-precision \(minimumPrecision): expected 0 to 1")
        }
    }

    func run() throws {
        let console = common.start()
        let files = arguments.evaluation
        if let output {
            var plan = OutputPlan(inputs: [files.groundTruth, files.predictions])
            try plan.folder(
                output, option: "--output", files: [("analysis", "\(output)/analysis.json")])
            try plan.makeFolders()
        }
        var options = DiagnosisOptions()
        options.buckets = buckets
        options.groups = top
        options.minimumPrecision = minimumPrecision
        let (diagnosis, evaluation) = try common.working("diagnosing the predictions") {
            try TemporalDiagnosis.diagnose(
                groundTruth: files.groundTruth, predictions: files.predictions,
                evaluation: arguments.options(), options: options)
        }
        let report = DiagnosisReport(diagnosis, remarks: evaluation.remarks)
        if let output { try write(diagnosis, report, to: output) }
        try console.result(diagnosis) { report.text }
        if let output { console.note("\(output)/analysis.html and its charts are written") }
        try files.end(
            evaluation.average, named: "mAP",
            dropped: evaluation.droppedAnnotations + evaluation.droppedPredictions,
            faults: evaluation.dropped)
    }

    private func write(
        _ diagnosis: TemporalDiagnosis, _ report: DiagnosisReport, to folder: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(diagnosis), to: folder + "/analysis.json")
        for chart in DiagnosisCharts(diagnosis).all {
            try AtomicFile.write(chart.svg, to: "\(folder)/\(chart.name).svg")
        }
        // Last, so that a page means that all is there.
        try AtomicFile.write(report.page, to: folder + "/analysis.html")
    }
}

extension BucketScheme: ExpressibleByArgument {}
