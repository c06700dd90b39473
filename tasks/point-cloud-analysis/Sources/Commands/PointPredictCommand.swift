// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets
import Foundation
import Training

/// `dr2net points predict`: classes of a trained run for new clouds.
struct PointPredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Give every point of new clouds a class with a trained run.",
        discussion: """
            Writes each cloud as NAME.predicted.las or .ply with the classes in the files' own \
            numbers. With --json: a list of input, output and points of each class.
            """)

    @Option(name: .customLong("run"), help: "The run folder.", completion: .directory)
    var runFolder: String

    @Argument(help: "Clouds: LAS, PLY or .npy.", completion: .file())
    var inputs: [String]

    @Option(
        help: "The file to write; for one input.", completion: .file(extensions: ["las", "ply"]))
    var output: String?

    @Option(
        help: "The folder to write into; that of the input where absent.", completion: .directory)
    var folder: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if output != nil, inputs.count > 1 || folder != nil {
            throw ValidationError("--output goes with one input and without --folder")
        }
    }

    func run() throws {
        let console = common.start()
        let predictor = try PointPredictor(
            run: runFolder, dataFolder: DataCache().root, warn: { console.note($0) })
        let progress = ProgressLine(ProgressLine.style(isQuiet: common.quiet))
        var results: [Result] = []
        for input in inputs {
            let path = output ?? place(of: input)
            let counts = try predictor.write(input, to: path) {
                progress.update(done: Int($0 * 1000), total: 1000, "of the points of \(input)")
            }
            results.append(
                Result(
                    input: input, output: path,
                    points: Dictionary(
                        uniqueKeysWithValues: zip(predictor.classes.names, counts))))
        }
        progress.finish()
        try console.result(results) { results.map(\.text).joined(separator: "\n") }
    }

    private func place(of input: String) -> String {
        let url = URL(fileURLWithPath: input)
        let name = url.deletingPathExtension().lastPathComponent
        let ending = url.pathExtension.lowercased() == "las" ? "las" : "ply"
        let folder = folder ?? url.deletingLastPathComponent().path
        return "\(folder)/\(name).predicted.\(ending)"
    }

    /// What is printed of one input.
    private struct Result: Encodable {
        let input, output: String
        let points: [String: Int]

        var text: String {
            let parts = points.sorted { $0.value > $1.value }.filter { $0.value > 0 }
            return "\(output): "
                + parts.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
    }
}
