// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Console
import Files

extension AnnotationFormat: ExpressibleByArgument {}
extension YOLODataset.Split: ExpressibleByArgument {}

/// `dr2net detect prepare`: checks annotations and images and writes one index.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Check annotated images of any format and write them as one COCO JSON index.",
        discussion: """
            Reads COCO JSON (AI-TOD too), Pascal VOC XML, VisDrone text and YOLO text. Every image \
            must be there, be an image and have the annotated size; every box must have an area, a \
            known class and at least half of itself inside. The first fault ends the work with one \
            line; with --keep-going what is faulty is left out and listed. --tiles cuts the images \
            into tiles too, for training on images of any size: PNG, BMP and TIFF are read in \
            strips. The index refers to stored pixels, whatever --orientation says. Started again, it goes on where it was broken off.
            """)

    @Option(
        help: "The annotations: a JSON file, a folder of XML or text files, or a data.yaml.",
        completion: .file())
    var annotations: String

    @Option(help: "The format of the annotations.")
    var format: AnnotationFormat

    @Option(
        help: "The folder of the images; a YOLO data.yaml may name it instead.",
        completion: .directory)
    var images: String?

    @Option(help: "The part of a YOLO data.yaml, without --images. (default: train)")
    var split: YOLODataset.Split?

    @Option(help: "The index to write (COCO JSON).", completion: .file(extensions: ["json"]))
    var output: String

    @Option(
        help: """
            Names of the classes in order, separated by commas; YOLO needs them here, in a \
            data.yaml or in a classes.txt.
            """)
    var classes: String?

    @OptionGroup var pictures: PictureOptions

    @Flag(help: "Decode every image too, to find damage behind its header.")
    var checkPixels = false

    @Option(
        help: "A picture of the sizes of boxes to write (.svg).",
        completion: .file(extensions: ["svg"]))
    var histogram: String?

    @Option(
        help: "A folder for tiles of the images (PNG) with an index.json.", completion: .directory)
    var tiles: String?

    @Option(help: "Side of a tile in pixels. (default: 400)")
    var tileSize: Int?

    @Option(help: "Pixels that neighbouring tiles share. (default: 100)")
    var tileOverlap: Int?

    @Option(help: "Share of a box's area that a tile must hold to keep it. (default: 0.5)")
    var keptArea: Double?

    @Flag(help: "Write tiles without a box too.")
    var keepEmpty = false

    @Flag(help: "Leave out and list what is faulty instead of failing.")
    var keepGoing = false

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws {
        _ = try names()
        _ = try tiling()
        let isNamed = format == .yolo && YOLODataset.isOne(annotations)
        guard images != nil || isNamed else {
            throw ValidationError("--images: expected the folder of the images")
        }
        guard split == nil || isNamed && images == nil else {
            throw ValidationError(
                "--split: expected a YOLO data.yaml as --annotations, no --images")
        }
    }

    func run() throws {
        let console = common.start()
        let part = self.images == nil ? split ?? .train : nil
        let images = try self.images ?? YOLODataset(annotations).pictures(split ?? .train).folder
        var plan = OutputPlan(inputs: [annotations])
        try plan.file(output, option: "--output", endings: ["json"])
        if let histogram { try plan.file(histogram, option: "--histogram", endings: ["svg"]) }
        if let tiles {
            guard FileIdentity(tiles) != FileIdentity(images) else {
                throw InputError(
                    "--tiles \(tiles): is the folder of the images; choose another one")
            }
            try plan.folder(
                tiles, option: "--tiles", files: [(annotations, "\(tiles)/index.json")])
        }
        let progress = common.progress()
        defer { progress.finish() }
        progress.begin("reading annotations", isShownAtOnce: false)
        var faults = DetectionFaults(keepGoing: keepGoing)
        let reader = AnnotationReader(
            format: format, imageFolder: images, classes: try names(), pixels: pictures.pixels,
            split: part)
        let index = try reader.read(annotations, faults: &faults)
        let check = IndexCheck(
            imageFolder: images, pixels: pictures.pixels, decodesPixels: checkPixels,
            format: format, reading: pictures.reading)
        let outcome = try check.run(index, faults: &faults) {
            if $0 % 16 == 0 { progress.update(done: $0, total: $1, "images checked") }
        }
        progress.finish()
        var cut: (folder: String, size: Int, outcome: TileWriter.Outcome)?
        if let tiles, let tiling = try tiling() {
            var writer = TileWriter(
                imageFolder: images, folder: tiles, tiling: tiling, keepsEmpty: keepEmpty)
            writer.reading = pictures.reading
            let outcome = try writer.run(outcome.index, faults: &faults) {
                if $0 % 16 == 0 { progress.update(done: $0, total: $1, "images cut") }
            }
            progress.finish()
            cut = (tiles, tiling.size, outcome)
        }
        // Tiles have been decoded, or the check has decoded all.
        let notices = checkPixels ? outcome.notices : cut?.outcome.notices ?? []
        for line in notices.prefix(20) { console.note(line) }
        if notices.count > 20 { console.note("\(notices.count - 20) more such pictures") }
        try COCOWriter.write(outcome.index, to: output)
        let summary = PrepareSummary(outcome, faults: faults, output: output, tiles: cut)
        if let histogram { try AtomicFile.write(summary.histogram, to: histogram) }
        for line in faults.remarks { console.note(line) }
        try console.result(summary) { summary.text }
    }

    /// How to cut; nil where no tiles are asked for.
    private func tiling() throws -> Tiling? {
        guard tiles != nil else {
            guard tileSize == nil, tileOverlap == nil, keptArea == nil, !keepEmpty else {
                throw ValidationError(
                    "--tile-size, --tile-overlap, --kept-area and --keep-empty: expected --tiles, "
                        + "a folder for the tiles")
            }
            return nil
        }
        let size = tileSize ?? 400, overlap = tileOverlap ?? 100, area = keptArea ?? 0.5
        guard (1...32768).contains(size) else {
            throw ValidationError("--tile-size \(size): expected 1 to 32768 pixels")
        }
        guard (0..<size).contains(overlap) else {
            throw ValidationError(
                "--tile-overlap \(overlap): expected 0 to less than the tile's \(size)")
        }
        guard area > 0, area <= 1 else {
            throw ValidationError("--kept-area \(area): expected a share above 0 and up to 1")
        }
        return Tiling(size: size, overlap: overlap, keptArea: area)
    }

    private func names() throws -> [String]? {
        guard let classes else {
            return nil
        }
        let names = classes.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count else {
            throw ValidationError(
                "--classes \(classes): expected different names separated by commas")
        }
        if format == .visDrone {
            throw ValidationError("--classes: VisDrone's classes are fixed; leave the option out")
        }
        return names
    }
}
