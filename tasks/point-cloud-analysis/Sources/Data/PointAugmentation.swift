// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
package import Tensors
import Training

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

    /// Scales, turns and shakes places round the origin.
    ///
    /// A pure function of the places and the key.
    package func apply(to positions: inout [SIMD3<Float>], key: RandomKey) {
        let draws = key.child("scale")
        let width = scale.upperBound - scale.lowerBound
        let factors = SIMD3<Float>(
            (0..<3).reduce(into: SIMD3<Double>()) {
                $0[$1] = scale.lowerBound + width * draws.uniform($1)
            })
        let angle = rotation == .none ? 0 : 2 * Double.pi * key.child("rotation").uniform()
        let cosine = Float(Foundation.cos(angle)), sine = Float(Foundation.sin(angle))
        let noise = key.child("jitter")
        let clip = Float(jitterClip)
        for point in positions.indices {
            var place = positions[point] * factors
            switch rotation {
            case .none: break
            case .y:
                place = SIMD3(
                    cosine * place.x + sine * place.z, place.y, cosine * place.z - sine * place.x)
            case .z:
                place = SIMD3(
                    cosine * place.x - sine * place.y, sine * place.x + cosine * place.y, place.z)
            }
            if jitter > 0 {
                for axis in 0..<3 {
                    let draw = Float(jitter * noise.normal(3 * point + axis))
                    place[axis] += min(clip, max(-clip, draw))
                }
            }
            positions[point] = place
        }
    }

    /// Stretches or drops colors in 0...1.
    ///
    /// Auto-contrast takes each channel's least and largest value to 0 and 1 and mixes the result
    /// in by a random share.
    package func apply(toColors colors: inout [SIMD3<Float>], key: RandomKey) {
        if dropsColors(key) {
            colors = [SIMD3<Float>](repeating: SIMD3(0, 0, 0), count: colors.count)
            return
        }
        let draws = key.child("contrast")
        guard autoContrast > 0, draws.uniform(0) < autoContrast, let first = colors.first else {
            return
        }
        let share = Float(draws.uniform(1))
        let low = colors.reduce(first) { pointwiseMin($0, $1) }
        let range = colors.reduce(first) { pointwiseMax($0, $1) } - low
        for channel in 0..<3 where range[channel] > 0 {
            for point in colors.indices {
                let value = colors[point][channel]
                colors[point][channel] =
                    (1 - share) * value + share * (value - low[channel]) / range[channel]
            }
        }
    }

    /// Whether the colors or intensities of a sample are dropped.
    func dropsColors(_ key: RandomKey) -> Bool {
        colorDrop > 0 && key.child("drop").uniform() < colorDrop
    }
}
