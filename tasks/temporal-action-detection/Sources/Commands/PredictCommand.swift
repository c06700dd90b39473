// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Training

/// `dr2net tad predict`: detections of a trained run in new videos.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Detect actions in new videos with a trained run.",
        discussion: "The result has ActivityNet's JSON form, keyed by file name.")

    @Option(name: .customLong("run"), help: "The run folder.", completion: .directory)
    var runFolder: String

    @Argument(help: "Videos of any container and codec.", completion: .file())
    var inputs: [String]

    @Option(help: "Where to write; standard output where absent.", completion: .file())
    var output: String?

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let predictor = try TemporalPredictor(
            run: runFolder, dataFolder: DataCache().root, warn: { console.note($0) })
        let progress = ProgressLine(ProgressLine.style(isQuiet: common.quiet))
        var videos: [ActivityNetResults.Video] = []
        for input in inputs {
            videos.append(
                try predictor.detections(
                    in: input,
                    report: { progress.update(done: $0, total: $1, "frames of \(input)") },
                    warn: progress.message))
        }
        progress.finish()
        let results = ActivityNetResults(version: "dr2net", videos: videos)
        if let output {
            try results.write(to: output)
            console.note("\(results.count) detections in \(output)")
        } else {
            print(try results.encoded(), terminator: "")
        }
    }
}
