// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// The recipe's `augmentation` section: what training changes in its images, all off by default
/// but the mirror.
package struct AugmentationRecipe: Sendable, Equatable {
    /// Whether half of the inputs are mirrored left to right.
    package var flipsHorizontally: Bool
    /// Whether half of the inputs are mirrored top to bottom: for images from above.
    package var flipsVertically: Bool
    /// Whether inputs are turned by right angles: for images from above.
    package var turns: Bool
    /// The least and the largest factor that images are scaled by, drawn evenly in its logarithm.
    package var scale: ClosedRange<Double>
    /// How far a tile moves from its place, as a part of its side.
    package var shift: Double
    /// The share of inputs that are four images around a point.
    package var mosaic: Double
    /// Largest change of brightness, as a part.
    package var brightness: Double
    /// Largest change of contrast, as a part.
    package var contrast: Double
    /// Largest change of saturation, as a part.
    package var saturation: Double
    /// Largest change of hue, as a part of a full turn.
    package var hue: Double

    /// Nothing changes.
    package static let none = AugmentationRecipe()

    private init() {
        (flipsHorizontally, flipsVertically, turns) = (false, false, false)
        (scale, shift, mosaic) = (1...1, 0, 0)
        (brightness, contrast, saturation, hue) = (0, 0, 0, 0)
    }

    /// Reads and checks the keys.
    init(_ section: RecipeReader) throws(InputError) {
        flipsHorizontally = try section.value("horizontalFlip", default: true)
        flipsVertically = try section.value("verticalFlip", default: false)
        turns = try section.value("turns", default: false)
        let range = try section.value("scale", default: [1, 1], in: 0.1...10, count: 2)
        guard range[0] <= range[1] else {
            throw section.error("scale", "is \(range); expected the smaller number first")
        }
        scale = range[0]...range[1]
        shift = try section.value("shift", default: 0.0, in: 0...1)
        mosaic = try section.value("mosaic", default: 0.0, in: 0...1)
        brightness = try section.value("brightness", default: 0.0, in: 0...0.9)
        contrast = try section.value("contrast", default: 0.0, in: 0...0.9)
        saturation = try section.value("saturation", default: 0.0, in: 0...1)
        hue = try section.value("hue", default: 0.0, in: 0...0.5)
    }
}
