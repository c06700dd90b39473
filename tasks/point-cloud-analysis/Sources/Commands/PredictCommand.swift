// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files
import Foundation

/// `dr2net points predict`: classes of a trained run for new clouds.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classes of new clouds' points, or of new shapes, with a trained run.",
        discussion: """
            Inputs are clouds (LAS, PLY, .npy), or shapes (OFF, OBJ too). A run on scenes writes each cloud as NAME.predicted.las or .ply with the classes in the \
            files' own numbers: of LAS and PLY the same file with that field changed alone; with --json: a list of input, output and points of each class. A run \
            on shapes prints each input's class and probabilities, and writes nothing.
            """)

    @OptionGroup var options: PredictOptions

    @Option(
        help: "The file to write; for one input.", completion: .file(extensions: ["las", "ply"]))
    var output: String?

    @Option(
        help: "The folder to write into; that of the input where absent.", completion: .directory)
    var folder: String?

    @Flag(
        help: "Write each class's probability, too: extra bytes of LAS, properties of PLY, p_NAME.")
    var probabilities = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try options.checkSet(nil)
        if output != nil, options.inputs.count > 1 || folder != nil {
            throw ValidationError("--output goes with one input and without --folder")
        }
    }

    func run() throws {
        let console = common.start()
        let predictor = try common.working("reading the run") {
            try PointPredictor(
                run: options.runFolder, dataFolder: DataCache().root, warn: { console.note($0) })
        }
        let loop = try options.loop(predictor.inputs, common, console)
        guard predictor.isSegmentation else { return try classify(predictor, loop, console) }
        if output != nil, loop.inputs.count > 1 {
            throw InputError(
                "--output goes with one input, found \(loop.inputs.count); give --folder")
        }
        try plan(loop.inputs).makeFolders()
        var results: [Result] = []
        let outcome = try loop.run(
            predict: { _, input, report in
                let path = output ?? place(of: input)
                let counts = try predictor.write(
                    input, to: path, probabilities: probabilities, note: loop.progress.message
                ) {
                    report(Int($0 * 1000), 1000, "of the points")
                }
                return Result(
                    input: input, output: path,
                    points: Dictionary(
                        uniqueKeysWithValues: zip(predictor.classes.names, counts)))
            },
            keep: { _, _, result in results.append(result) })
        try console.result(results) { results.map(\.text).joined(separator: "\n") }
        try outcome.check()
    }

    /// Where clouds are written, checked.
    private func plan(_ inputs: [String]) throws(InputError) -> OutputPlan {
        var plan = OutputPlan(inputs: inputs)
        let endings = ["las", "ply"]
        if let output {
            try plan.file(output, option: "--output", endings: endings)
        } else if let folder {
            try plan.folder(
                folder, option: "--folder", files: inputs.map { ($0, place(of: $0)) })
        } else {
            try plan.files(inputs.map { ($0, place(of: $0)) }, option: "without --folder")
        }
        return plan
    }

    private func classify(
        _ predictor: PointPredictor, _ loop: PredictLoop, _ console: CommandOutput
    ) throws {
        if output != nil || folder != nil {
            throw InputError(
                "\(options.runFolder): a run on shapes writes no files; leave --output and --folder out"
            )
        }
        let names = predictor.classes.names
        var results: [ShapeResult] = []
        let outcome = try loop.run(
            kept: console.isJSON
                ? "are lost, leave --json out to see each as it comes" : "are said",
            predict: { _, input, _ in
                let chances = try predictor.probabilities(of: input)
                let best = chances.indices.max { chances[$0] < chances[$1] } ?? 0
                return ShapeResult(
                    input: input, label: names[best],
                    probabilities: Dictionary(uniqueKeysWithValues: zip(names, chances)))
            },
            keep: { _, _, result in
                results.append(result)
                if !console.isJSON { try console.result(result) { result.text } }
            })
        if console.isJSON { try console.result(results) { "" } }
        try outcome.check()
    }

    private func place(of input: String) -> String {
        let url = URL(fileURLWithPath: input)
        let name = url.deletingPathExtension().lastPathComponent
        let ending = url.pathExtension.lowercased() == "las" ? "las" : "ply"
        let folder = folder ?? url.deletingLastPathComponent().path
        return "\(folder)/\(name).predicted.\(ending)"
    }

    /// What is printed of one shape.
    private struct ShapeResult: Encodable {
        let input, label: String
        let probabilities: [String: Double]

        var text: String {
            "\(input): \(label) (\(NumberText.decimals(probabilities[label] ?? 0, 3)))"
        }
    }

    /// What is printed of one cloud.
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
