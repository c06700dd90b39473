// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Datasets
import Foundation
import Regions
import Training

/// `dr2net detect predict`: detections of a trained run in new images.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Detect objects in new images of any size with a trained run.",
        discussion: """
            Images are seen tile by tile and as a whole, and the detections are merged, as the \
            recipe's section inference says. The result is a COCO results file; images have the \
            ids of --index, or count from 1 in the order given. With --index, classes have that \
            file's numbers too, by name; detections of a class that it lacks are left out.
            """)

    @Option(name: .customLong("run"), help: "The run folder.", completion: .directory)
    var runFolder: String

    @Argument(help: "Images (PNG, JPEG, TIFF, WebP, BMP).", completion: .file())
    var inputs: [String]

    @Option(
        help: "Where the COCO results go; standard output where absent.",
        completion: .file(extensions: ["json"]))
    var output: String?

    @Option(
        help: "Annotations (COCO JSON) whose numbers of images and classes are taken.",
        completion: .file(extensions: ["json"]))
    var index: String?

    @Option(
        help: "The folder that file names of --index are relative to; needed where names repeat.",
        completion: .directory)
    var images: String?

    @Option(help: "A folder for VisDrone's text files, one an image.", completion: .directory)
    var visdrone: String?

    @Option(help: "A folder for pictures with the boxes drawn (PNG).", completion: .directory)
    var draw: String?

    @Option(help: "The score from which boxes are drawn.")
    var drawFrom = 0.3

    @Option(help: "Override a key of the recipe's inference: key=value. Repeatable.")
    var set: [String] = []

    @OptionGroup var common: CommonOptions

    func validate() throws {
        let known = Set(inputs.map(Self.name))
        if (visdrone ?? draw) != nil, known.count < inputs.count {
            throw ValidationError("two images have one file name; name them in separate calls")
        }
        if images != nil, index == nil {
            throw ValidationError("--images goes with --index")
        }
        // A dot in the value is a number's.
        if let odd = set.first(where: { setting in
            !setting.hasPrefix("inference.") && setting.prefix { $0 != "=" }.contains(".")
        }) {
            throw ValidationError("--set \(odd): expected a key of inference, such as overlap=100")
        }
        if !(0...1).contains(drawFrom) {
            throw ValidationError("--draw-from \(drawFrom): expected 0 to 1")
        }
    }

    private static func name(_ path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }

    func run() throws {
        let console = common.start()
        let predictor = try DetectionPredictor(
            run: runFolder,
            overrides: set.map { $0.hasPrefix("inference.") ? $0 : "inference.\($0)" },
            dataFolder: DataCache().root, warn: { console.note($0) })
        let numbers =
            try index.map {
                try ResultNumbers(
                    inputs: inputs, index: $0, imageFolder: images, labels: predictor.labels,
                    ids: predictor.labelIDs)
            } ?? ResultNumbers(inputs: inputs, labels: predictor.labels, ids: predictor.labelIDs)
        for note in numbers.notes { console.note(note) }
        for folder in [visdrone, draw].compactMap({ $0 }) {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }
        let whole = numbers.index
        var leftOut = 0
        let progress = ProgressLine(ProgressLine.style(isQuiet: common.quiet))
        var results: [DetectionResult] = []
        for (number, input) in inputs.enumerated() {
            let all = try predictor.detections(in: input) {
                progress.update(done: $0, total: $1, "inputs of \(input)")
            }
            let found = numbers.numbered(all)
            leftOut += all.count - found.count
            results += found.map { detection in
                DetectionResult(
                    image: number, category: detection.label, x: detection.box.x1,
                    y: detection.box.y1, width: detection.box.width, height: detection.box.height,
                    score: detection.score)
            }
            if let visdrone {
                try AtomicFile.write(
                    VisDroneLines.text(found, ids: whole.categories.map(\.id)),
                    to: "\(visdrone)/\(Self.name(input)).txt")
            }
            if let draw {
                let shown = found.filter { $0.score >= drawFrom }.reversed().map {
                    BoxDrawing.Outline($0.box, BoxDrawing.color($0.label))
                }
                try BoxDrawing.write(input, shown, to: "\(draw)/\(Self.name(input)).png")
            }
        }
        progress.finish()
        if leftOut > 0 {
            console.note("\(leftOut) detections of classes that \(index ?? "") lacks left out")
        }
        if let output {
            try COCOResults.write(results, of: whole, to: output)
            console.note("\(results.count) detections in \(output)")
        } else {
            print(COCOResults.encoded(results, of: whole))
        }
    }
}
