// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// Lines of text above a picture and a legend below it.
extension PNGImage {
    /// A line of the legend: what a color means.
    package struct LegendEntry: Sendable, Hashable {
        /// The color.
        package let color: SIMD3<UInt8>
        /// Its meaning.
        package let text: String
        /// The outcome in whose form the sign is drawn; nil for a square.
        package let outcome: Outcome?

        /// A line with a square of a color.
        package init(color: SIMD3<UInt8>, text: String) {
            self.color = color
            self.text = text
            outcome = nil
        }

        /// A line with a box in the form of an outcome.
        package init(_ outcome: Outcome, text: String) {
            color = outcome.color
            self.text = text
            self.outcome = outcome
        }
    }

    private static let frameColor = SIMD3<UInt8>(32, 32, 32)
    private static let frameInk = SIMD3<UInt8>(255, 255, 255)

    /// Pixels of a letter's dot, so that pictures of any size can be read.
    package var textScale: Int { max(1, min(4, max(width, height) / 900)) }

    /// The picture with lines above it; those that are too long are cut.
    package func headed(by lines: [String], scale: Int) -> PNGImage {
        guard !lines.isEmpty else { return self }
        let line = 11 * scale, top = lines.count * line + 3 * scale
        var result = PNGImage(width: width, height: height + top, color: PNGImage.frameColor)
        result.pixels.replaceSubrange(3 * width * top..<result.pixels.count, with: pixels)
        for (number, text) in lines.enumerated() {
            let shown = PNGImage.shortened(text, toFit: width - 4 * scale, scale: scale)
            result.write(
                shown, x: 2 * scale, y: 3 * scale + number * line, color: PNGImage.frameInk,
                scale: scale)
        }
        return result
    }

    /// The picture with lines below it that say what colors mean.
    package func adding(_ legend: [LegendEntry], scale: Int? = nil) -> PNGImage {
        guard !legend.isEmpty else { return self }
        let scale = scale ?? textScale, line = 11 * scale
        var places: [(x: Int, row: Int)] = []
        var x = 2 * scale, row = 0
        for entry in legend {
            let width = PNGImage.textSize(entry.text, scale: scale).width + 20 * scale
            if x > 2 * scale, x + width > self.width { (x, row) = (2 * scale, row + 1) }
            places.append((x, row))
            x += width
        }
        var result = PNGImage(
            width: width, height: height + (row + 1) * line + 2 * scale, color: PNGImage.frameColor)
        result.pixels.replaceSubrange(0..<pixels.count, with: pixels)
        for (entry, place) in zip(legend, places) {
            let top = height + place.row * line + 3 * scale
            let columns = place.x..<place.x + 7 * scale, rows = top..<top + 7 * scale
            if let outcome = entry.outcome {
                result.drawBox(
                    outcome, columns.lowerBound...columns.upperBound - 1,
                    rows.lowerBound...rows.upperBound - 1, thickness: max(1, scale))
            } else {
                result.fill(columns, rows, entry.color)
            }
            result.write(
                entry.text, x: place.x + 10 * scale, y: top, color: PNGImage.frameInk, scale: scale)
        }
        return result
    }

    /// A text that takes at most so many pixels, cut and ended by dots where it is longer.
    package static func shortened(_ text: String, toFit width: Int, scale: Int) -> String {
        let most = max(2, (width / scale + 1) / 6)
        return text.count <= most ? text : text.prefix(most - 2) + ".."
    }
}
