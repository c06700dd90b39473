// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Datasets
import Files
import Foundation
import Regions

/// `dr2net detect predict`: detections of a trained run in new images.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Detect objects in new images of any size with a trained run.",
        discussion: """
            Images (PNG, JPEG, TIFF, WebP, BMP) are seen tile by tile and as a whole, and the detections are merged, as the \
            recipe's section inference says, whose keys --set takes (inference.overlap=100). The result is a COCO results file; images have the \
            ids of --index, or count from 1 in the order given. With --index, classes have that \
            file's numbers too, by name; detections of a class that it lacks are left out. Without any file the results go \
            to standard output. Until all images are done the results so far are in \
            FILE.partial, which goes when FILE is whole.
            """)

    @OptionGroup var options: PredictOptions

    @Option(
        help: "Where the COCO results go.",
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

    @Option(
        help: "A folder for pictures (PNG): boxes with class and score, and a legend.",
        completion: .directory)
    var draw: String?

    @Option(help: "The score from which boxes are drawn.")
    var drawFrom = 0.3

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if images != nil, index == nil {
            throw ValidationError("--images goes with --index")
        }
        try options.checkSet("inference")
        if !(0...1).contains(drawFrom) {
            throw ValidationError("--draw-from \(drawFrom): expected 0 to 1")
        }
    }

    private static func name(_ path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }

    func run() throws {
        let console = common.start()
        var predictor = try common.working("reading the run") {
            try DetectionPredictor(
                run: options.runFolder, overrides: options.set + pictures.overrides,
                dataFolder: DataCache().root, warn: { console.note($0) })
        }
        predictor.note = { console.note($0) }
        let loop = try options.loop(DetectionPredictor.inputs, common, console)
        let (labels, ids) = (predictor.labels, predictor.labelIDs)
        let numbers =
            try index.map {
                try ResultNumbers(
                    inputs: loop.inputs, index: $0, imageFolder: images, labels: labels, ids: ids)
            } ?? ResultNumbers(inputs: loop.inputs, labels: labels, ids: ids)
        for note in numbers.notes { console.note(note) }
        try plan(loop.inputs).makeFolders()
        let whole = numbers.index
        let partial = try output.flatMap {
            try PartialFile(of: $0, head: "[\n", separator: ",\n", tail: "]\n")
        }
        defer { partial?.removeIfUnused() }
        var results: [Item<Rectangle>] = []
        var leftOut = 0
        let outcome = try loop.run(
            kept: PredictLoop.kept(in: [partial?.path, visdrone, draw].compactMap { $0 }),
            predict: { _, input, report in
                try predictor.detections(in: input) { report($0, $1, "inputs") }
            },
            keep: { number, input, all in
                let found = numbers.numbered(all)
                leftOut += all.count - found.count
                let counted = try predictor.counted(found, in: input)
                let own = counted.map {
                    Item(Rectangle($0.place), label: $0.label, score: $0.score, in: number)
                }
                results += own
                try partial?.append(COCOResults.lines(own, of: whole))
                if let visdrone {
                    try AtomicFile.write(
                        VisDroneLines.text(counted, ids: whole.categories.map(\.id)),
                        to: "\(visdrone)/\(Self.name(input)).txt")
                }
                if let draw {
                    try BoxDrawing.write(
                        input, detections: found.filter { $0.score >= drawFrom }, classes: labels,
                        to: "\(draw)/\(Self.name(input)).png")
                }
            })
        if leftOut > 0 {
            console.note("\(leftOut) detections of classes that \(index ?? "") lacks left out")
        }
        if let output {
            try COCOResults.write(results, of: whole, to: output)
            partial?.remove()
        }
        console.predictions(results.count, in: [output, visdrone, draw].compactMap { $0 }) {
            COCOResults.encoded(results, of: whole)
        }
        try outcome.check()
    }

    /// Where this writes, checked.
    private func plan(_ inputs: [String]) throws(InputError) -> OutputPlan {
        var plan = OutputPlan(inputs: inputs)
        if let output { try plan.file(output, option: "--output", endings: ["json"]) }
        if let visdrone {
            try plan.folder(
                visdrone, option: "--visdrone",
                files: inputs.map { ($0, "\(visdrone)/\(Self.name($0)).txt") })
        }
        if let draw {
            try plan.folder(
                draw, option: "--draw",
                files: inputs.map { ($0, "\(draw)/\(Self.name($0)).png") })
        }
        return plan
    }
}
