// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import CommandLineSupport
import Media
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

        /// A box in a color.
        package init(
            _ box: Box, _ color: SIMD3<UInt8>, thickness: Int = 2, text: String? = nil
        ) {
            self.box = box
            self.color = color
            self.thickness = thickness
            self.text = text
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

    /// A line of the legend: what a color means.
    package struct LegendEntry: Sendable, Equatable {
        /// The color.
        package let color: SIMD3<UInt8>
        /// Its meaning.
        package let text: String

        /// A line.
        package init(color: SIMD3<UInt8>, text: String) {
            self.color = color
            self.text = text
        }
    }

    /// Draws outlines, in order, then what is written at them.
    package static func draw(_ outlines: [Outline], on picture: inout PNGImage) {
        for outline in outlines {
            let box = outline.box
            let left = Int(box.x1.rounded(.down)), right = Int(box.x2.rounded(.up)) - 1
            let top = Int(box.y1.rounded(.down)), bottom = Int(box.y2.rounded(.up)) - 1
            for inset in 0..<outline.thickness {
                fill(left...max(left, right), (top + inset)...(top + inset), outline, &picture)
                fill(
                    left...max(left, right), (bottom - inset)...(bottom - inset), outline, &picture)
                fill((left + inset)...(left + inset), top...max(top, bottom), outline, &picture)
                fill((right - inset)...(right - inset), top...max(top, bottom), outline, &picture)
            }
        }
        let scale = textScale(picture)
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

    /// Pixels of a letter's dot, so that pictures of any size can be read.
    private static func textScale(_ picture: PNGImage) -> Int {
        max(1, min(4, max(picture.width, picture.height) / 900))
    }

    /// Black or white, whichever can be read on a color.
    private static func ink(on color: SIMD3<UInt8>) -> SIMD3<UInt8> {
        let light = 299 * Int(color.x) + 587 * Int(color.y) + 114 * Int(color.z)
        return light > 128_000 ? SIMD3(0, 0, 0) : SIMD3(255, 255, 255)
    }

    /// The picture with lines below it that say what colors mean.
    package static func adding(_ legend: [LegendEntry], to picture: PNGImage) -> PNGImage {
        guard !legend.isEmpty else { return picture }
        let scale = textScale(picture), line = 11 * scale
        var places: [(x: Int, row: Int)] = []
        var x = 2 * scale, row = 0
        for entry in legend {
            let width = PNGImage.textSize(entry.text, scale: scale).width + 16 * scale
            if x > 2 * scale, x + width > picture.width { (x, row) = (2 * scale, row + 1) }
            places.append((x, row))
            x += width
        }
        var result = PNGImage(
            width: picture.width, height: picture.height + (row + 1) * line + 2 * scale,
            color: SIMD3(32, 32, 32))
        result.pixels.replaceSubrange(0..<picture.pixels.count, with: picture.pixels)
        for (entry, place) in zip(legend, places) {
            let top = picture.height + place.row * line + 3 * scale
            result.fill(
                place.x..<place.x + 7 * scale, top..<top + 7 * scale, entry.color)
            result.write(
                entry.text, x: place.x + 10 * scale, y: top, color: SIMD3(255, 255, 255),
                scale: scale)
        }
        return result
    }

    private static func fill(
        _ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>, _ outline: Outline,
        _ picture: inout PNGImage
    ) {
        let columns = columns.clamped(to: -1...picture.width)
        for y in rows.clamped(to: -1...picture.height) where (0..<picture.height).contains(y) {
            for x in columns where (0..<picture.width).contains(x) {
                picture[y * picture.width + x] = outline.color
            }
        }
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
        _ image: String, truths: [Box] = [], detections: [BoxDetection], classes: [String],
        to path: String, limit: Int = 4096
    ) throws {
        func name(_ label: Int) -> String {
            classes.indices.contains(label) ? classes[label] : "class \(label)"
        }
        let outlines =
            truths.map { Outline($0, truthColor, thickness: 1) }
            + detections.enumerated().reversed().map { place, found in
                Outline(
                    found.box, color(found.label),
                    text: place < mostTexts
                        ? "\(name(found.label)) \(NumberText.decimals(found.score, 2))" : nil)
            }
        let counts = Dictionary(grouping: detections, by: \.label).mapValues(\.count)
        var legend = counts.sorted { $0.key < $1.key }.map {
            LegendEntry(color: color($0.key), text: "\(name($0.key)) (\($0.value))")
        }
        if !truths.isEmpty {
            legend.append(LegendEntry(color: truthColor, text: "annotated (\(truths.count))"))
        }
        try write(image, outlines, legend: legend, to: path, limit: limit)
    }

    /// Writes an image with outlines, at most `limit` pixels a side, and a legend below it.
    package static func write(
        _ image: String, _ outlines: [Outline], legend: [LegendEntry] = [], to path: String,
        limit: Int = 4096
    ) throws {
        let bands = try ImageBands(image)
        let scale = min(1, Double(limit) / Double(max(bands.info.width, bands.info.height)))
        var picture = try shrunk(bands, scale)
        draw(
            outlines.map { outline in
                var outline = outline
                outline.box = Box(
                    x1: outline.box.x1 * scale, y1: outline.box.y1 * scale,
                    x2: outline.box.x2 * scale, y2: outline.box.y2 * scale)
                return outline
            }, on: &picture)
        try AtomicFile.write(adding(legend, to: picture).png(), to: path)
    }

    private static func shrunk(_ bands: ImageBands, _ scale: Double) throws -> PNGImage {
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
}
