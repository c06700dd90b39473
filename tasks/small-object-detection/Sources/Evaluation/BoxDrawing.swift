// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
import Files
import Media
package import Metrics
package import Regions
package import Reports

/// Boxes on pictures, for people.
package enum BoxDrawing {
    /// A box in a color.
    package struct Outline {
        /// Where, in the picture's pixels.
        package var box: Box
        /// Red, green and blue.
        package var color: SIMD3<UInt8>
        /// Pixels of the line.
        package var thickness = 2
        /// What is written at the box; nil for nothing.
        package var text: String?
        /// The outcome in whose form the box is drawn; nil for a line.
        package var outcome: Outcome?

        /// A box in a color.
        package init(
            _ box: Box, _ color: SIMD3<UInt8>, thickness: Int = 2, text: String? = nil
        ) {
            self.box = box
            self.color = color
            self.thickness = thickness
            self.text = text
        }

        /// A box in the form of an outcome.
        package init(_ outcome: Outcome, _ box: Box, thickness: Int = 2, text: String? = nil) {
            self.init(box, outcome.color, thickness: thickness, text: text)
            self.outcome = outcome
        }
    }

    /// The color of annotated boxes.
    package static let truthColor = SIMD3<UInt8>(255, 255, 255)

    /// The color of a class: twelve that differ well, in turn.
    package static func color(_ label: Int) -> SIMD3<UInt8> {
        let colors: [SIMD3<UInt8>] = [
            SIMD3(255, 64, 64), SIMD3(64, 200, 255), SIMD3(255, 214, 0), SIMD3(64, 255, 96),
            SIMD3(255, 96, 255), SIMD3(255, 150, 40), SIMD3(110, 120, 255), SIMD3(0, 230, 200),
            SIMD3(190, 255, 60), SIMD3(255, 130, 160), SIMD3(170, 90, 255), SIMD3(160, 110, 60),
        ]
        return colors[label % colors.count]
    }

    /// More names would hide the picture; the best detections have theirs.
    private static let mostTexts = 200

    /// Draws outlines, in order, then what is written at them.
    package static func draw(_ outlines: [Outline], on picture: inout PNGImage) {
        for outline in outlines {
            let box = outline.box
            let left = Int(box.x1.rounded(.down)), right = Int(box.x2.rounded(.up)) - 1
            let top = Int(box.y1.rounded(.down)), bottom = Int(box.y2.rounded(.up)) - 1
            let (columns, rows) = (left...max(left, right), top...max(top, bottom))
            if let outcome = outline.outcome {
                picture.drawBox(outcome, columns, rows, thickness: outline.thickness)
            } else {
                picture.drawBox(columns, rows, outline.color, thickness: outline.thickness)
            }
        }
        let scale = picture.textScale
        for outline in outlines {
            guard let text = outline.text else { continue }
            let size = PNGImage.textSize(text, scale: scale)
            let (width, height) = (size.width + 2 * scale, size.height + 2 * scale)
            // Above the box, or in it where there is no room; never beside the picture.
            let top = Int(outline.box.y1.rounded(.down))
            let y = top >= height ? top - height : max(0, min(top, picture.height - height))
            let x = max(0, min(Int(outline.box.x1.rounded(.down)), picture.width - width))
            picture.fill(x..<x + width, y..<y + height, outline.color)
            picture.write(
                text, x: x + scale, y: y + scale, color: ink(on: outline.color), scale: scale)
        }
    }

    /// Black or white, whichever can be read on a color.
    private static func ink(on color: SIMD3<UInt8>) -> SIMD3<UInt8> {
        let light = 299 * Int(color.x) + 587 * Int(color.y) + 114 * Int(color.z)
        return light > 128_000 ? SIMD3(0, 0, 0) : SIMD3(255, 255, 255)
    }

    /// Writes an image with annotated boxes in white, and detected ones in their class's color with
    /// its name and the score; below it a legend.
    ///
    /// Large images are drawn smaller: at most `limit` pixels a side.
    ///
    /// - Parameters:
    ///   - truths: Annotated boxes in the image's pixels.
    ///   - detections: The best first: it is drawn last, above the others.
    ///   - classes: Names of the classes, by label.
    package static func write(
        _ image: String, truths: [Box] = [], detections: [Item<Box>], classes: [String],
        to path: String, limit: Int = 4096
    ) throws {
        func name(_ label: Int) -> String {
            classes.indices.contains(label) ? classes[label] : "class \(label)"
        }
        let outlines =
            truths.map { Outline($0, truthColor, thickness: 1) }
            + detections.enumerated().reversed().map { place, found in
                Outline(
                    found.place, color(found.label),
                    text: place < mostTexts
                        ? "\(name(found.label)) \(NumberText.decimals(found.score, 2))" : nil)
            }
        let counts = Dictionary(grouping: detections, by: \.label).mapValues(\.count)
        var legend = counts.sorted { $0.key < $1.key }.map {
            PNGImage.LegendEntry(color: color($0.key), text: "\(name($0.key)) (\($0.value))")
        }
        if !truths.isEmpty {
            legend.append(.init(color: truthColor, text: "annotated (\(truths.count))"))
        }
        try write(image, outlines, legend: legend, to: path, limit: limit)
    }

    /// Writes an image with outlines, at most `limit` pixels a side, and a legend below it.
    package static func write(
        _ image: String, _ outlines: [Outline], legend: [PNGImage.LegendEntry] = [],
        to path: String,
        limit: Int = 4096
    ) throws {
        let bands = try ImageBands(image)
        let scale = min(1, Double(limit) / Double(max(bands.info.width, bands.info.height)))
        var picture = try scaled(bands, scale)
        draw(outlines.map { $0.scaled(scale) }, on: &picture)
        try AtomicFile.write(picture.adding(legend).png(), to: path)
    }

    private static func scaled(_ bands: ImageBands, _ scale: Double) throws -> PNGImage {
        let image = (width: bands.info.width, height: bands.info.height)
        let width = max(1, Int(Double(image.width) * scale))
        let height = max(1, Int(Double(image.height) * scale))
        let side = max(width, height)
        var pixels = RegionSampler.canvas(side)
        try RegionSampler.draw(
            TrainingView.Patch(
                image: 0, left: 0, top: 0, width: width, height: height, x: 0, y: 0,
                scale: scale),
            of: image, into: &pixels, size: side, rows: bands.rows)
        var picture = PNGImage(width: width, height: height)
        for row in 0..<height {
            let source = 3 * row * side
            picture.pixels.replaceSubrange(
                3 * row * width..<3 * (row + 1) * width, with: pixels[source..<source + 3 * width])
        }
        return picture
    }

    /// The longest side of a picture of outcomes, in pixels.
    private static let outcomeSide = 1280.0

    /// Writes an image with its outcomes: what they are above it, and a legend below it.
    ///
    /// Large images are drawn smaller and small ones larger, up to four times, so that boxes of a few
    /// pixels can be told apart.
    ///
    /// - Parameters:
    ///   - marks: What was found, missed and invented in the image.
    ///   - titles: Lines above it.
    ///   - names: The classes that boxes are named by, where there are few enough to read them.
    static func write(
        _ image: String, _ marks: [JudgedItem<Box>], _ counts: OutcomeCounts, titles: [String],
        names: [String]?, to path: String
    ) throws {
        let bands = try ImageBands(image)
        let scale = min(4, outcomeSide / Double(max(bands.info.width, bands.info.height)))
        var picture = try scaled(bands, scale)
        let names = marks.count <= mostNames ? names : nil
        // What there is most of, where little is learned yet, lies below.
        for outcome in [Outcome.invented, .missed, .found] {
            draw(
                marks.filter { $0.outcome == outcome }.map {
                    Outline(outcome, $0.item.place, text: names?[$0.item.label]).scaled(scale)
                }, on: &picture)
        }
        let legend: [PNGImage.LegendEntry] = [
            .init(.found, text: "found: annotated and detected (\(counts.found))"),
            .init(.missed, text: "missed: annotated, not detected (\(counts.missed))"),
            .init(.invented, text: "invented: detected, not annotated (\(counts.invented))"),
        ]
        try AtomicFile.write(
            picture.adding(legend, scale: 2).headed(by: titles, scale: 2).png(), to: path)
    }

    /// More names than this would hide the picture.
    private static let mostNames = 60
}

extension BoxDrawing.Outline {
    /// The same on a picture that is so many times as large.
    fileprivate func scaled(_ scale: Double) -> BoxDrawing.Outline {
        var outline = self
        outline.box = Box(
            x1: box.x1 * scale, y1: box.y1 * scale, x2: box.x2 * scale, y2: box.y2 * scale)
        return outline
    }
}
