// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files
import Preparation
import Recipes
import Tensors
import Training

extension AnnotationFormat: ExpressibleByArgument {}
extension YOLODataset.Split: ExpressibleByArgument {}

/// `dr2net detect prepare`: checks annotations and images and writes one index.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Check annotated images of any format and write them as COCO JSON, or cut tiles.",
        discussion: """
            The section data of RECIPE says all that no option says: the sets of images (training \
            and validation, unless --annotations names one), their format, classes, orientation, \
            bands and range, the tiles' size. Without RECIPE, --annotations, --format and --output \
            are needed. Of several sets each has files of its own: index-training.json.

            Reads COCO JSON (AI-TOD too), Pascal VOC XML, VisDrone text and YOLO text. Every image \
            must be there, be an image and have the annotated size; every box must have an area, a \
            known class and at least half of itself inside. The first fault ends the work with one \
            line; with --keep-going what is faulty is left out and listed. --tiles cuts the images \
            into tiles too, for training on images of any size: PNG, BMP and TIFF are read in \
            strips. The index refers to stored pixels, whatever --orientation says. Started again, \
            it goes on where it was broken off.
            """)

    @Argument(
        help: "The recipe whose images are checked: a YAML file, or a name of `recipe list`.",
        completion: RecipeArgument.completion)
    var recipe: String?

    @OptionGroup var overrides: RecipeOverrides

    @Option(
        help: "The annotations: a JSON file, a folder of XML or text files, or a data.yaml.",
        completion: .file())
    var annotations: String?

    @Option(help: "The format of the annotations. (recipe: data.format)")
    var format: AnnotationFormat?

    @Option(
        help: "The folder of the images; a YOLO data.yaml may name it instead.",
        completion: .directory)
    var images: String?

    @Option(help: "The part of a YOLO data.yaml, without --images. (default: train)")
    var split: YOLODataset.Split?

    @Option(
        help: "The index to write (COCO JSON); a recipe alone is only checked.",
        completion: .file(extensions: ["json"]))
    var output: String?

    @Option(
        help: """
            Names of the classes in order, separated by commas; YOLO needs them here, in a \
            data.yaml or in a classes.txt. (recipe: data.classes)
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

    @Option(help: "Side of a tile in pixels. (default: the recipe's, or 400)")
    var tileSize: Int?

    @Option(help: "Pixels that neighbouring tiles share. (default: the recipe's, or 100)")
    var tileOverlap: Int?

    @Option(
        help: """
            Share of a box's area that a tile must hold to keep it. (default: the recipe's \
            data.keptArea, or 0.5)
            """)
    var keptArea: Double?

    @Flag(help: "Write tiles without a box too.")
    var keepEmpty = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try overrides.refuse(seed: "nothing is drawn at random here, and train takes it")
        _ = try names()
        if tiles == nil {
            guard tileSize == nil, tileOverlap == nil, keptArea == nil, !keepEmpty else {
                throw ValidationError(
                    "--tile-size, --tile-overlap, --kept-area and --keep-empty: expected --tiles, "
                        + "a folder for the tiles")
            }
        } else if recipe == nil {
            _ = try tiling(nil)
        }
        guard recipe == nil else {
            guard annotations != nil || images == nil && split == nil else {
                throw ValidationError("--images and --split: expected --annotations beside them")
            }
            return
        }
        guard overrides.set.isEmpty else {
            throw ValidationError("--set: expected a RECIPE to override")
        }
        guard let annotations, let format, output != nil else {
            throw ValidationError(
                "--annotations, --format and --output: expected all three, or a RECIPE")
        }
        try checkImages(annotations, format)
    }

    func run() throws {
        let console = common.start()
        let data = try recipe.map { recipe in
            try DetectionRecipe(
                overrides.document(of: recipe, adding: pictures.overrides, console),
                dataFolder: DataCache().root
            ).data
        }
        let sets = try sets(data)
        try checkOutputs(sets)
        let progress = common.progress()
        defer { progress.finish() }
        var tally = PreparationTally(), summaries: [PreparationSummary] = []
        for one in sets {
            progress.begin("reading annotations", isShownAtOnce: false)
            let done = try one.run(threads: Parallel.threadCount) {
                if $0 % 16 == 0 { progress.update(done: $0, total: $1, $2) }
            } note: {
                progress.message($0)
            }
            progress.finish()
            tally.add(done.tally)
            summaries.append(done.summary)
        }
        if let only = summaries.first, summaries.count == 1 {
            let result = PreparationResult(tally, folder: tiles, only)
            try console.result(result) { result.text }
        } else {
            let result = PreparationResult(tally, folder: tiles, PreparedSets(sets: summaries))
            try console.result(result) { result.text }
        }
    }

    /// What is to be done for each set of images.
    private func sets(_ data: DetectionDataRecipe?) throws -> [DetectionPreparation] {
        let cut = try tiles.map { folder in
            DetectionPreparation.Tiles(
                folder: folder, tiling: try tiling(data?.tiling), keepsEmpty: keepEmpty)
        }
        let format = format ?? data?.format ?? .coco, names = try names() ?? data?.classes
        func preparation(_ source: DetectionDataRecipe.Source) -> DetectionPreparation {
            DetectionPreparation(
                source: source, format: format, classes: names,
                pictures: data?.pictures
                    ?? PictureRecipe(orientation: pictures.pixels, reading: pictures.reading),
                decodesPixels: checkPixels,
                keepGoing: overrides.keepGoing || data?.keepGoing == true,
                output: output, histogram: histogram, tiles: cut)
        }
        if let annotations {
            try checkImages(annotations, format)
            let part = images == nil ? split ?? .train : nil
            let folder = try images ?? YOLODataset(annotations).pictures(part ?? .train).folder
            return [
                preparation(.init(annotations: annotations, images: folder, split: part))
            ]
        }
        guard let data else { return [] }
        return data.training.enumerated().map { number, source in
            preparation(source).named(number == 0 ? "training" : "training-\(number + 1)")
        } + [preparation(data.validation).named("validation")]
    }

    private func checkImages(_ annotations: String, _ format: AnnotationFormat) throws {
        let isNamed = format == .yolo && YOLODataset.isOne(annotations)
        guard images != nil || isNamed else {
            throw ValidationError("--images: expected the folder of the images")
        }
        guard split == nil || isNamed && images == nil else {
            throw ValidationError(
                "--split: expected a YOLO data.yaml as --annotations, no --images")
        }
    }

    private func checkOutputs(_ sets: [DetectionPreparation]) throws {
        var plan = OutputPlan(inputs: sets.map(\.source.annotations))
        for one in sets {
            if let output = one.output {
                try plan.file(output, option: "--output", endings: ["json"])
            }
            if let histogram = one.histogram {
                try plan.file(histogram, option: "--histogram", endings: ["svg"])
            }
            guard let folder = one.tiles?.folder else { continue }
            guard FileIdentity(folder) != FileIdentity(one.source.images) else {
                throw InputError(
                    "--tiles \(folder): is the folder of the images; choose another one")
            }
            try plan.folder(
                folder, option: "--tiles", files: [(one.source.annotations, "\(folder)/index.json")]
            )
        }
    }

    /// How to cut: as the options say, then the recipe.
    private func tiling(_ recipe: Tiling?) throws -> Tiling {
        let size = tileSize ?? recipe?.size ?? 400
        let overlap = tileOverlap ?? recipe?.overlap ?? 100
        let area = keptArea ?? recipe?.keptArea ?? 0.5
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
