// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Datasets
import Foundation
import Training

/// `dr2net tad predict`: detections of a trained run in new videos.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Detect actions in new videos with a trained run.",
        discussion: """
            Videos may be hours long: memory does not grow with them. The result has ActivityNet's \
            JSON form, keyed by the id that the run's annotations give a file, else by its name \
            without ending; --csv and --srt write it in other forms. \
            Without any file the JSON goes to standard output.
            """)

    @Option(name: .customLong("run"), help: "The run folder.", completion: .directory)
    var runFolder: String

    @Argument(help: "Videos of any container and codec.", completion: .file())
    var inputs: [String]

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

    @Flag(
        help:
            "Go on with the other videos where one can't be read; the exit code is 1 all the same.")
    var keepGoing = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard subtitleScore.isFinite else {
            throw ValidationError("--subtitle-score \(subtitleScore): expected a number")
        }
    }

    func run() throws {
        let console = common.start()
        let predictor = try TemporalPredictor(
            run: runFolder, dataFolder: DataCache().root, warn: { console.note($0) })
        try checkNames(predictor)
        let progress = ProgressLine(ProgressLine.style(isQuiet: common.quiet))
        var videos: [ActivityNetResults.Video] = []
        for (number, input) in inputs.enumerated() {
            let place = inputs.count > 1 ? " (video \(number + 1) of \(inputs.count))" : ""
            do {
                videos.append(
                    try predictor.detections(
                        in: input,
                        report: {
                            progress.update(done: $0, total: $1, "frames of \(input)\(place)")
                        },
                        warn: progress.message))
            } catch {
                guard keepGoing else { throw error }
                progress.finish()
                Console.complain("\(error)")
            }
        }
        progress.finish()
        guard !videos.isEmpty else { throw CommandFailure("no video could be read") }
        try write(ActivityNetResults(version: "dr2net", videos: videos), predictor, console)
        if videos.count < inputs.count {
            throw CommandFailure(
                "\(inputs.count - videos.count) of \(inputs.count) videos could not be read; "
                    + "the others are written")
        }
    }

    /// Predictions go by the files' names, so these must differ.
    private func checkNames(_ predictor: TemporalPredictor) throws(CommandFailure) {
        var seen: [String: String] = [:]
        for input in inputs {
            let name = predictor.id(of: input)
            if let other = seen.updateValue(input, forKey: name) {
                throw CommandFailure(
                    "\(other) and \(input) are both called \(name), by which predictions go; "
                        + "expected different names, run them apart or rename one")
            }
        }
    }

    private func write(
        _ results: ActivityNetResults, _ predictor: TemporalPredictor, _ console: Console
    ) throws {
        if let output { try results.write(to: output) }
        if let csv { try AtomicFile.write(DetectionTable.text(results), to: csv) }
        if let srt {
            do {
                try FileManager.default.createDirectory(
                    atPath: srt, withIntermediateDirectories: true)
            } catch {
                throw CommandFailure("\(srt): can't create the folder; choose another --srt")
            }
            let paths = Dictionary(
                inputs.map { (predictor.id(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
            for video in results.videos {
                let lead = paths[video.id].map(predictor.lead) ?? 0
                try AtomicFile.write(
                    Subtitles.text(
                        video.detections, minimumScore: subtitleScore, lead: lead),
                    to: "\(srt)/\(video.id).srt")
            }
        }
        let places = [output, csv, srt].compactMap { $0 }
        if common.json || places.isEmpty {
            print(try results.encoded(), terminator: "")
        }
        if !places.isEmpty {
            console.note("\(results.count) detections in \(places.joined(separator: ", "))")
        }
    }
}
