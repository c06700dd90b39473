// SPDX-License-Identifier: Apache-2.0
import Files
package import Media
import Recipes

/// The keys of the recipe's `data` section that say how pictures are read.
///
/// They are noted only where they are written: runs of before keep their fingerprint.
package struct PictureRecipe: Sendable, Equatable {
    /// The pixels that boxes refer to.
    package var orientation = AnnotatedPixels.unsaid
    /// Which bands and samples become which colours.
    package var reading = PixelReading()

    /// What a stamp of something made from these pictures has to hold.
    package var settings: [String] {
        let bands = reading.bands.map { "bands \($0)" }
        let range = reading.range.map { "range \($0.low) \($0.high)" }
        return [bands, range].compactMap { $0 }
    }

    /// How pictures are read.
    package init(orientation: AnnotatedPixels, reading: PixelReading) {
        self.orientation = orientation
        self.reading = reading
    }

    init(_ section: RecipeReader) throws(InputError) {
        if section.has("orientation") {
            orientation = try section.value("orientation", default: AnnotatedPixels.unsaid)
        }
        if section.has("bands") {
            let numbers = try section.value("bands", default: [], in: 1...65535)
            let bands = numbers.map { Int($0) }
            let isWhole = zip(numbers, bands).allSatisfy { $0 == Double($1) }
            if let fault = isWhole ? PixelReading.fault(inBands: bands) : "expected whole numbers" {
                throw section.error("bands", "is \(numbers); \(fault)")
            }
            reading.bands = bands
        }
        if section.has("range") {
            let ends = try section.value("range", default: [], in: -1e300...1e300, count: 2)
            guard ends.count == 2, let range = PixelReading.Range(low: ends[0], high: ends[1])
            else {
                throw section.error(
                    "range",
                    "is \(ends); expected the samples that are black and white, as [0, 4095]")
            }
            reading.range = range
        }
    }
}
