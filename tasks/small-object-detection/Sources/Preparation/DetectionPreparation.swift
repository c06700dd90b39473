// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Preparation

/// Checks the annotated images of one set, and writes their index and their tiles.
struct DetectionPreparation {
    /// Tiles of the images on disk.
    struct Tiles {
        /// The folder.
        var folder: String
        /// How images are cut.
        let tiling: Tiling
        /// Whether tiles without a box are written too.
        let keepsEmpty: Bool
    }

    /// The set's name where there are several.
    var name: String?
    /// The annotations and the folder of the images.
    let source: DetectionDataRecipe.Source
    /// The format of the annotations.
    let format: AnnotationFormat
    /// Names of the classes in order; nil takes the annotations' own.
    let classes: [String]?
    /// How pictures are read.
    let pictures: PictureRecipe
    /// Whether every picture is decoded too.
    let decodesPixels: Bool
    /// Whether what is faulty is left out instead of refused.
    let keepGoing: Bool
    /// The index to write.
    var output: String?
    /// The picture of the sizes of boxes to write.
    var histogram: String?
    /// The tiles to write.
    var tiles: Tiles?

    /// The same, as one of several sets: the set's name comes before the endings of its files.
    func named(_ name: String) -> DetectionPreparation {
        func own(_ path: String) -> String {
            let url = URL(fileURLWithPath: path)
            return "\((path as NSString).deletingPathExtension)-\(name).\(url.pathExtension)"
        }
        var result = self
        result.name = name
        result.output = output.map(own)
        result.histogram = histogram.map(own)
        result.tiles?.folder += "/\(name)"
        return result
    }

    /// Does it.
    ///
    /// - Parameters:
    ///   - threads: Images that are checked, and then cut, at a time; what is written does not depend
    ///     on it.
    ///   - progress: Told how many images are done, and in what.
    ///   - note: Told what else people should know.
    /// - Throws: One line for the first fault, unless faults are left out.
    func run(
        threads: Int, progress: (_ done: Int, _ total: Int, _ unit: String) -> Void,
        note: (String) -> Void
    ) throws -> (tally: PreparationTally, summary: PreparationSummary) {
        var faults = DetectionFaults(keepGoing: keepGoing)
        let reader = AnnotationReader(
            format: format, imageFolder: source.images, classes: classes,
            pixels: pictures.orientation, split: source.split)
        var check = IndexCheck(
            imageFolder: source.images, pixels: pictures.orientation, decodesPixels: decodesPixels,
            format: format, reading: pictures.reading)
        check.journal = output.map {
            PreparedFile(($0 as NSString).deletingPathExtension + ".partial.json")
        }
        let checked = try check.run(
            reader.read(source.annotations, faults: &faults), faults: &faults, threads: threads
        ) { progress($0, $1, "images checked") }
        var tally = PreparationTally(checked: checked.index.images.count, skipped: checked.dropped)
        var cut: TileWriter.Outcome?
        if let tiles {
            var writer = TileWriter(
                imageFolder: source.images, folder: tiles.folder, tiling: tiles.tiling,
                keepsEmpty: tiles.keepsEmpty)
            writer.reading = pictures.reading
            cut = try writer.run(checked.index, faults: &faults, threads: threads) { event in
                tally.add(event)
                progress(event.done, event.total, "images cut")
            }
        }
        // Tiles have been decoded, or the check has decoded all.
        let notices = decodesPixels ? checked.notices : cut?.notices ?? []
        for line in notices.prefix(20) { note(line) }
        if notices.count > 20 { note("\(notices.count - 20) more such pictures") }
        for line in faults.remarks { note(line) }
        if let output { try COCOWriter.write(checked.index, to: output) }
        check.journal?.remove()
        let summary = PreparationSummary(
            checked, faults: faults, name: name, output: output,
            tiles: tiles.flatMap { tiles in cut.map { (tiles.folder, tiles.tiling.size, $0) } })
        if let histogram { try AtomicFile.write(summary.histogram, to: histogram) }
        return (tally, summary)
    }
}
