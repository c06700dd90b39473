// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

extension PointAugmentation {
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
