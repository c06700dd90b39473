// SPDX-License-Identifier: Apache-2.0
import Console
import Preparation
import Regions
import Reports

/// What `dr2net detect prepare` did.
package struct PreparationSummary: PreparationDetails {
    /// How many boxes a class or a size has.
    package struct Count: Sendable, Encodable, Equatable {
        /// The class's or size's name.
        package let name: String
        /// The number.
        package let boxes: Int
    }

    /// The tiles of a training set on disk.
    package struct Tiles: Sendable, Encodable {
        /// Their folder, which has an index of them.
        package let folder: String
        /// Tiles in the index.
        package let tiles: Int
        /// Those written now; the others were there.
        package let written: Int
        /// Tiles left out since they have no box.
        package let empty: Int
        /// Boxes in the tiles; one in several counts in each, parts that are ignored do not.
        package let boxes: Int
        /// Side of a tile in pixels.
        package let size: Int
        /// Parts of boxes in tiles that hold too little of them, marked as ignored.
        package let ignoredParts: Int
        /// Boxes that no tile holds.
        package let unheldBoxes: Int
        /// Boxes that are wider or higher than a tile.
        package let largerBoxes: Int
        /// Images left out since their pixels are damaged.
        package let droppedImages: Int

        /// What tiles do to boxes, a line each.
        var remarks: [String] {
            var lines: [String] = []
            if largerBoxes > 0 {
                lines.append(
                    "\(largerBoxes) \(largerBoxes == 1 ? "box is" : "boxes are") larger than a "
                        + "tile of \(size) pixels: take a larger --tile-size to keep them whole")
            }
            if unheldBoxes > 0 {
                lines.append(
                    "\(unheldBoxes) \(unheldBoxes == 1 ? "box" : "boxes") in no tile: cut below the "
                        + "kept area in each, and ignored there")
            }
            if ignoredParts > 0 {
                lines.append("parts of boxes that tiles cut too short, ignored: \(ignoredParts)")
            }
            return lines
        }
    }

    /// The set's name, where there are several.
    package let name: String?
    /// The index written.
    package let output: String?
    /// Images that can be used.
    package let images: Int
    /// Those without a box.
    package let imagesWithoutBoxes: Int
    /// Boxes that can be used.
    package let boxes: Int
    /// Boxes of each class.
    package let classes: [Count]
    /// Boxes of each size, by the square root of their area.
    package let sizes: [Count]
    /// Boxes cut to their image.
    package let clippedBoxes: Int
    /// Images left out.
    package let droppedImages: Int
    /// Boxes left out, those of left-out images included.
    package let droppedBoxes: Int
    /// Faults met in all.
    package let faults: Int
    /// The first of them.
    package let faultLines: [String]
    /// Those of them that are no left-out image's.
    private let otherFaults: [String]
    /// The tiles, where some were asked for.
    package let tiles: Tiles?

    /// The limits of sizes in pixels: AI-TOD's, then COCO's.
    private static let limits: [(name: String, side: Double)] = [
        ("below 8", 8), ("8 to 16", 16), ("16 to 32", 32), ("32 to 96", 96),
        ("96 and more", .infinity),
    ]

    /// The summary of a check.
    package init(
        _ outcome: IndexCheck.Outcome, faults: DetectionFaults, name: String? = nil,
        output: String? = nil,
        tiles: (folder: String, size: Int, outcome: TileWriter.Outcome)? = nil
    ) {
        let index = outcome.index
        var classes = [Int](repeating: 0, count: index.categories.count)
        var sizes = [Int](repeating: 0, count: Self.limits.count)
        var used = Set<Int>()
        for box in index.boxes {
            classes[box.item.label] += 1
            used.insert(box.item.source)
            let place = Self.limits.firstIndex { box.area < $0.side * $0.side }
            sizes[place ?? Self.limits.count - 1] += 1
        }
        self.name = name
        self.output = output
        images = index.images.count
        imagesWithoutBoxes = index.images.count - used.count
        boxes = index.boxes.count
        self.classes = zip(index.categories, classes).map { Count(name: $0.name, boxes: $1) }
        self.sizes = zip(Self.limits, sizes).map { Count(name: $0.name, boxes: $1) }
        clippedBoxes = outcome.clippedBoxes
        droppedImages = outcome.dropped.count
        droppedBoxes = outcome.droppedBoxes
        self.faults = faults.count
        faultLines = faults.lines
        let told = Set((outcome.dropped + (tiles?.outcome.dropped ?? [])).map(\.reason))
        otherFaults = faults.lines.filter { !told.contains($0) }
        self.tiles = tiles.map { tiles in
            Tiles(
                folder: tiles.folder, tiles: tiles.outcome.index.images.count,
                written: tiles.outcome.written, empty: tiles.outcome.empty,
                boxes: tiles.outcome.index.boxes.count - tiles.outcome.ignoredParts,
                size: tiles.size, ignoredParts: tiles.outcome.ignoredParts,
                unheldBoxes: tiles.outcome.unheldBoxes, largerBoxes: tiles.outcome.largerBoxes,
                droppedImages: tiles.outcome.dropped.count)
        }
    }

    /// The sizes of boxes as a picture.
    package var histogram: String {
        BarChart(
            title: "Sizes of \(boxes) boxes in \(images) images",
            label: "boxes, by the square root of their area in pixels",
            bars: sizes.map {
                .init(name: "\($0.name) pixels", value: Double($0.boxes), text: "\($0.boxes)")
            }
        ).svg()
    }

    private enum CodingKeys: String, CodingKey {
        case name, output, images, imagesWithoutBoxes, boxes, classes, sizes, clippedBoxes
        case droppedImages, droppedBoxes, faults, faultLines, tiles
    }

    /// What there is now.
    package var heading: String {
        "\(name.map { $0 + ": " } ?? "")\(images) image\(images == 1 ? "" : "s") "
            + "(\(imagesWithoutBoxes) without boxes), \(boxes) boxes"
            + (output.map { " in \($0)" } ?? "")
    }

    /// Tables and remarks.
    package var lines: [String] {
        var table = TextTable(["", "boxes"], numbers: [1])
        for one in classes { table.append([one.name, "\(one.boxes)"]) }
        let most = max(1, sizes.map(\.boxes).max() ?? 1)
        for one in sizes {
            let length = (40 * one.boxes + most - 1) / most
            table.append(
                ["\(one.name) pixels", "\(one.boxes)", String(repeating: "#", count: length)])
        }
        var lines = [table.text]
        if let tiles {
            lines.append(
                "\(tiles.tiles) tiles with \(tiles.boxes) boxes in \(tiles.folder): "
                    + "\(tiles.written) written, \(tiles.tiles - tiles.written) there already, "
                    + "\(tiles.empty) without boxes left out")
            lines += tiles.remarks
        }
        if clippedBoxes > 0 { lines.append("cut to their image: \(clippedBoxes) boxes") }
        if faults > 0 {
            lines.append(
                "faults: \(faults); left out: \(droppedImages) images, \(droppedBoxes) checked "
                    + "boxes")
        }
        let shown = 20
        lines += otherFaults.prefix(shown).map { "  " + $0 }
        let more = faults - droppedImages - (tiles?.droppedImages ?? 0) - shown
        if more > 0 { lines.append("  and \(more) more (--json has 1,000)") }
        return lines
    }
}

/// What was prepared of several sets.
struct PreparedSets: PreparationDetails {
    let sets: [PreparationSummary]

    var heading: String { "\(sets.count) sets of images" }
    var lines: [String] { sets.flatMap { [$0.heading] + $0.lines } }
}
