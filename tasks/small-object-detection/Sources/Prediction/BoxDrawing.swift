// SPDX-License-Identifier: Apache-2.0
import Checkpoints
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

        /// A box in a color.
        package init(_ box: Box, _ color: SIMD3<UInt8>, thickness: Int = 2) {
            self.box = box
            self.color = color
            self.thickness = thickness
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

    /// Draws outlines, in order.
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

    /// Writes an image with annotated boxes in white and detected ones in their class's color.
    ///
    /// Large images are drawn smaller: at most `limit` pixels a side.
    package static func write(
        _ image: String, truths: [DetectionIndex.Box], detections: [DetectionResult],
        classes: [String], to path: String, limit: Int = 4096
    ) throws {
        func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Box {
            Box(x1: x, y1: y, x2: x + width, y2: y + height)
        }
        let outlines =
            truths.map { Outline(box($0.x, $0.y, $0.width, $0.height), truthColor, thickness: 1) }
            + detections.map {
                Outline(box($0.x, $0.y, $0.width, $0.height), color($0.category))
            }
        try write(image, outlines, to: path, limit: limit)
    }

    /// Writes an image with outlines, at most `limit` pixels a side.
    package static func write(
        _ image: String, _ outlines: [Outline], to path: String, limit: Int = 4096
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
        try AtomicFile.write(picture.png(), to: path)
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
