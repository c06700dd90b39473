// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// Random changes of training samples, as Pix4Point trains with them.
package struct PointAugmentation: Sendable, Equatable {
    /// The axis that samples are turned about.
    package enum Axis: String, CaseIterable, Sendable {
        case none, y, z
    }

    /// Probability of stretching the colors to the full range, and mixing that in.
    package var autoContrast: Double
    /// The range of the factors along x, y and z.
    package var scale: ClosedRange<Double>
    /// The axis of the rotation, by any angle.
    package var rotation: Axis
    /// Standard deviation of the noise on each coordinate, after `data.scale`.
    package var jitter: Double
    /// The largest noise.
    package var jitterClip: Double
    /// Probability of black for all colors, or of the mean for all intensities.
    package var colorDrop: Double

    /// Nothing changes.
    package static let none = PointAugmentation(
        autoContrast: 0, scale: 1...1, rotation: .none, jitter: 0, jitterClip: 0, colorDrop: 0)

    /// Changes.
    package init(
        autoContrast: Double, scale: ClosedRange<Double>, rotation: Axis, jitter: Double,
        jitterClip: Double, colorDrop: Double
    ) {
        self.autoContrast = autoContrast
        self.scale = scale
        self.rotation = rotation
        self.jitter = jitter
        self.jitterClip = jitterClip
        self.colorDrop = colorDrop
    }

    /// Reads the section `data.augmentation`; the defaults are those of S3DIS for scenes and of
    /// ScanObjectNN for shapes.
    init(_ section: RecipeReader, isSegmentation: Bool) throws(InputError) {
        let isScene = isSegmentation
        autoContrast =
            isScene ? try section.value("autoContrast", default: 0.2, in: 0...1) : 0
        let factors = try section.value("scale", default: [0.9, 1.1], in: 0.01...100, count: 2)
        guard factors[0] <= factors[1] else {
            throw section.error("scale", "falls from \(factors[0]) to \(factors[1])")
        }
        scale = factors[0]...factors[1]
        rotation = try section.value("rotation", default: isScene ? Axis.z : Axis.y)
        jitter = try section.value("jitter", default: isScene ? 0.005 : 0, in: 0...10)
        jitterClip = try section.value("jitterClip", default: 0.02, in: 0...10)
        colorDrop = isScene ? try section.value("colorDrop", default: 0.2, in: 0...1) : 0
    }
}
