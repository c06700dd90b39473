// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Console
import Datasets
import Files
import Foundation
import Training

/// `dr2net tad predict`: detections of a trained run in new videos.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Detect actions in new videos with a trained run.",
        discussion: """
            Inputs are videos of any container and codec; they may be hours long: memory does not \
            grow with them. The result has ActivityNet's \
            JSON form, keyed by the id that the run's annotations give a file, else by its name \
            without ending; --csv and --srt write it in other forms. \
            Without any file the JSON goes to standard output. Until all videos are done their \
            results so far are in FILE.partial, which goes when FILE is whole. --set takes keys of \
            postProcessing, such as postProcessing.minimumScore=0.1.
            """)

    @OptionGroup var options: PredictOptions

    @Option(help: "Where to write the JSON.", completion: .file(extensions: ["json"]))
    var output: String?

    @Option(
        help: "Where to write a table: video, start, end, label, score.",
        completion: .file(extensions: ["csv"]))
    var csv: String?

    @Option(
        help: "Folder for subtitles, a file <name>.srt for each video.", completion: .directory)
    var srt: String?

    @Option(help: "Least score of a detection in the subtitles.")
    var subtitleScore = 0.3

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try options.checkSet("postProcessing")
        guard subtitleScore.isFinite else {
            throw ValidationError("--subtitle-score \(subtitleScore): expected a number")
        }
    }

    func run() throws {
        let console = common.start()
        let predictor = try common.working("reading the run") {
            try TemporalPredictor(
                run: options.runFolder, overrides: options.set, dataFolder: DataCache().root,
                warn: { console.note($0) })
        }
        let loop = try options.loop(predictor.inputs, common, console)
        try checkNames(loop.inputs, predictor)
        var plan = OutputPlan(inputs: loop.inputs)
        if let output { try plan.file(output, option: "--output", endings: ["json"]) }
        if let csv { try plan.file(csv, option: "--csv", endings: ["csv"]) }
        if let srt {
            try plan.folder(
                srt, option: "--srt",
                files: loop.inputs.map { ($0, subtitles(srt, predictor.id(of: $0))) })
        }
        try plan.makeFolders()
        let files = try ResultFiles(output: output, csv: csv)
        defer { files.end() }
        var results = ActivityNetResults(version: "dr2net", videos: [])
        let outcome = try loop.run(
            kept: PredictLoop.kept(in: files.partial + (srt.map { [$0] } ?? [])),
            predict: { _, input, report in
                try predictor.detections(
                    in: input, report: { report($0, $1, "frames") }, warn: loop.progress.message)
            },
            keep: { _, input, video in
                results.videos.append(video)
                try files.append(video)
                if let srt {
                    try AtomicFile.write(
                        Subtitles.text(
                            video.detections, minimumScore: subtitleScore,
                            lead: predictor.lead(of: input)),
                        to: subtitles(srt, video.id))
                }
            })
        try files.write(results)
        try console.predictions(results.count, in: [output, csv, srt].compactMap { $0 }) {
            try results.encoded()
        }
        try outcome.check()
    }

    private func subtitles(_ folder: String, _ id: String) -> String {
        "\(folder)/\(id).srt"
    }

    /// Predictions go by the files' names, so these must differ.
    private func checkNames(
        _ inputs: [String], _ predictor: TemporalPredictor
    ) throws(InputError) {
        var seen: [String: String] = [:]
        for input in inputs {
            let name = predictor.id(of: input)
            if let other = seen.updateValue(input, forKey: name) {
                throw InputError(
                    "\(other) and \(input) are both called \(name), by which predictions go; "
                        + "expected different names, run them apart or rename one")
            }
        }
    }
}

/// The files of a prediction: whole at the end, and so far beside them.
private struct ResultFiles {
    let output, csv: String?
    private let json, table: PartialFile?

    init(output: String?, csv: String?) throws {
        self.output = output
        self.csv = csv
        let empty = ActivityNetResults(version: "dr2net", videos: [])
        json = try output.flatMap {
            try PartialFile(of: $0, head: empty.head + "\n", separator: ",\n", tail: empty.tail)
        }
        table = try csv.flatMap { try PartialFile(of: $0, head: TemporalTable.text(empty)) }
    }

    /// Where the results are so far.
    var partial: [String] { [json, table].compactMap { $0?.path } }

    /// Adds a video to what there is so far.
    func append(_ video: ActivityNetResults.Video) throws {
        try json?.append(ActivityNetResults.entry(video))
        try table?.append(TemporalTable.lines(video))
    }

    /// Writes the results as a whole.
    func write(_ results: ActivityNetResults) throws {
        if let output { try results.write(to: output) }
        if let csv { try AtomicFile.write(TemporalTable.text(results), to: csv) }
        json?.remove()
        table?.remove()
    }

    /// Leaves nothing where there is nothing to keep.
    func end() {
        json?.removeIfUnused()
        table?.removeIfUnused()
    }
}
