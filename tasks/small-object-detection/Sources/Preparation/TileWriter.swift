// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
package import Media
package import Preparation
import Regions
import Reports

/// Cuts the images of an index into tiles on disk, with an index of the tiles.
///
/// Images are read band by band, so that one of any size needs a row of tiles. A tile is there whole
/// or not at all, and carries a stamp of its image and of the settings: where both are as they were
/// it is kept, so that broken-off work goes on.
package struct TileWriter {
    /// How images are decoded.
    package var reading = PixelReading()

    /// What was done.
    package struct Outcome: Sendable, Equatable {
        /// The tiles as images, with their boxes.
        package var index: DetectionIndex
        /// Tiles written now.
        package var written = 0
        /// Tiles that were there.
        package var kept = 0
        /// Tiles without a box that were left out.
        package var empty = 0
        /// Images left out since their pixels are damaged.
        package var dropped: [SkippedInput] = []
        /// What people should know of images that were decoded.
        package var notices: [String] = []
        /// Boxes that are to be found and that no tile holds.
        package var unheldBoxes = 0
        /// Boxes that are to be found and are wider or higher than a tile.
        package var largerBoxes = 0
        /// Parts of boxes in the tiles that don't hold them, which are ignored.
        package var ignoredParts = 0
    }

    /// The folder of the images.
    package let imageFolder: String
    /// The folder of the tiles.
    package let folder: String
    /// Size, overlap and kept area.
    package let tiling: Tiling
    /// Whether tiles without a box are written too.
    package let keepsEmpty: Bool

    /// The name of the tiles' index in their folder.
    package static let indexName = "index.json"

    /// What else decides about the pixels of a tile, such as how images are read.
    private let settings: [String]

    /// A writer of tiles into `folder`.
    ///
    /// - Parameter settings: What else decides about the pixels of a tile; tiles of other settings
    ///   are cut again.
    package init(
        imageFolder: String, folder: String, tiling: Tiling, keepsEmpty: Bool = false,
        settings: [String] = []
    ) {
        self.settings = ["tile 1"] + settings
        self.imageFolder = imageFolder
        self.folder = folder
        self.tiling = tiling
        self.keepsEmpty = keepsEmpty
    }

    /// Writes the tiles of all images, then the index.
    ///
    /// - Parameters:
    ///   - index: Images with their sizes, as ``IndexCheck`` gives them.
    ///   - faults: Where images with damaged pixels are noted.
    ///   - threads: Images cut at a time; the tiles do not depend on it.
    ///   - report: Told of every image.
    /// - Throws: One line for what cannot be written or another process writes, for damaged pixels
    ///   unless faults are dropped, and where no tile is left.
    package func run(
        _ index: DetectionIndex, faults: inout DetectionFaults, threads: Int = 1,
        report: PreparationLoop.Report = { _ in }
    ) throws -> Outcome {
        var outcome = Outcome(
            index: DetectionIndex(images: [], categories: index.categories, boxes: []))
        let boxes = Dictionary(grouping: index.boxes, by: \.item.source)
        let loop = PreparationLoop(
            "image", inputs: index.images.map(\.file), keepGoing: faults.keepGoing)
        return try PreparedFiles.locked(folder, remedy: "choose another one") {
            let products: PreparationLoop.Products<Cut> = try loop.run(threads: threads) {
                { number, notes in
                    let plan = plan(index.images[number], boxes[number] ?? [])
                    let kept = try write(index.images[number], plan.tiles, &notes)
                    let missing = plan.tiles.count - kept
                    return .init(
                        Cut(plan: plan, kept: kept, notices: notes),
                        missing == 0 ? .known : .written("\(missing) tiles"))
                }
            } report: {
                report($0)
            }
            // It is no fault that no image is left, as long as none was refused.
            if !products.faults.isEmpty { try loop.check(products) }
            outcome.dropped = products.faults
            for fault in products.faults { try faults.note(fault.reason) }
            for cut in products.items { outcome.add(cut) }
            guard !outcome.index.images.isEmpty else {
                throw InputError(
                    "\(folder): none of the \(outcome.empty) tiles holds a box; expected one at "
                        + "least, lower --kept-area, take a larger --tile-size or give --keep-empty"
                )
            }
            try COCOWriter.write(outcome.index, to: "\(folder)/\(Self.indexName)")
            return outcome
        }
    }

    /// What became of an image.
    fileprivate struct Cut: Sendable {
        let plan: Plan
        /// Tiles that were there.
        let kept: Int
        let notices: [String]
    }

    /// The tiles of an image that are wanted, row by row, how many are empty and not, and the boxes
    /// to be found that none holds or that are larger than a tile.
    fileprivate struct Plan: Sendable {
        var tiles: [PlannedTile] = []
        var empty = 0, unheld = 0, larger = 0
    }

    fileprivate struct PlannedTile: Sendable {
        let place: Tiling.Tile
        let file: String
        let parts: [Tiling.Part]
    }

    private func plan(_ image: DetectionIndex.Image, _ boxes: [AnnotatedBox]) -> Plan {
        var plan = Plan()
        let stem = URL(fileURLWithPath: image.file).deletingPathExtension().lastPathComponent
        var held = Set<Int>()
        for place in tiling.tiles(width: image.width, height: image.height) {
            let parts = tiling.parts(boxes, in: place)
            for part in parts where part.isHeld { held.insert(part.position) }
            guard keepsEmpty || parts.contains(where: \.isHeld) else {
                plan.empty += 1
                continue
            }
            // The number sets images of one name in different folders apart, the size other tilings,
            // the suffix other bands and ranges.
            let name =
                "\(image.id)-\(String(decoding: stem.utf8.prefix(120), as: UTF8.self))-"
                + "\(place.x)-\(place.y)-\(place.width)x\(place.height)\(reading.suffix).png"
            plan.tiles.append(PlannedTile(place: place, file: name, parts: parts))
        }
        for (number, box) in boxes.enumerated() where !box.isIgnored && !box.isCrowd {
            if !held.contains(number) { plan.unheld += 1 }
            if tiling.exceeds(box.item.place) { plan.larger += 1 }
        }
        return plan
    }

    /// Writes the tiles of an image that aren't there yet.
    ///
    /// - Returns: How many were.
    private func write(
        _ image: DetectionIndex.Image, _ tiles: [PlannedTile], _ notes: inout [String]
    ) throws -> Int {
        let path = "\(imageFolder)/\(image.file)"
        // An image that can't be read is a fault of the reading below.
        let stamp = try? SourceStamp.of([path], settings: settings)
        let missing = tiles.filter { tile in
            stamp == nil || PNGImage.note(inFile: "\(folder)/\(tile.file)") != stamp
        }
        guard !missing.isEmpty else { return tiles.count }
        let bands = try ImageBands(path, reading)
        var next = 0
        while next < missing.count {
            let first = missing[next].place
            var band: PixelBand? = try bands.rows(first.y..<first.y + first.height)
            while next < missing.count, missing[next].place.y == first.y, let rows = band {
                let tile = missing[next]
                let picture = PNGImage(
                    width: tile.place.width, height: tile.place.height,
                    pixels: rows.window(
                        x: tile.place.x, y: tile.place.y, width: tile.place.width,
                        height: tile.place.height))
                try AtomicFile.write(
                    picture.png(note: stamp), to: "\(folder)/\(tile.file)")
                next += 1
            }
            // Let go before the next is read, so that its rows are moved and not copied.
            band = nil
        }
        if let notice = bands.notice { notes.append(notice) }
        return tiles.count - missing.count
    }
}

extension TileWriter.Outcome {
    /// Adds the tiles of an image to the index.
    fileprivate mutating func add(_ cut: TileWriter.Cut) {
        kept += cut.kept
        written += cut.plan.tiles.count - cut.kept
        empty += cut.plan.empty
        unheldBoxes += cut.plan.unheld
        largerBoxes += cut.plan.larger
        notices += cut.notices
        for tile in cut.plan.tiles {
            let number = index.images.count
            index.images.append(
                .init(
                    id: number + 1, file: tile.file, width: tile.place.width,
                    height: tile.place.height))
            ignoredParts += tile.parts.count { !$0.isHeld }
            index.boxes += tile.parts.map { part in
                var box = part.box
                box.item.source = number
                return box
            }
        }
    }
}
