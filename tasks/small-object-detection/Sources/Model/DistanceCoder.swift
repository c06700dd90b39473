// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Foundation
import Regions
import Tensors

/// Boxes as four distances from a location to the sides.
package struct DistanceCoder: Sendable {
    /// How a number becomes a distance.
    package var distance: FCOSConfiguration.Distance

    /// Beyond this a box is wider than any image: e^x stays finite.
    private static let largestExponent = 12.0

    /// A coder.
    package init(distance: FCOSConfiguration.Distance) { self.distance = distance }

    /// A distance in pixels and its slope by the number.
    func value(_ number: Double, stride: Double) -> (distance: Double, slope: Double) {
        switch distance {
        case .rectified: return number > 0 ? (stride * number, stride) : (0, 0)
        case .exponential:
            let value = stride * exp(min(number, DistanceCoder.largestExponent))
            return (value, number < DistanceCoder.largestExponent ? value : 0)
        }
    }

    /// The box of left, top, right and bottom numbers.
    func decode(
        _ numbers: (Double, Double, Double, Double), from point: (x: Double, y: Double),
        stride: Double
    ) -> Box {
        Box(
            x1: point.x - value(numbers.0, stride: stride).distance,
            y1: point.y - value(numbers.1, stride: stride).distance,
            x2: point.x + value(numbers.2, stride: stride).distance,
            y2: point.y + value(numbers.3, stride: stride).distance)
    }

    /// The boxes (x1, y1, x2, y2) `[N, 4]` of numbers `[N, 4]`, as a node.
    ///
    /// - Parameter locations: N points with their strides, in pixels.
    package func decode(
        _ numbers: Variable, from locations: [(point: (x: Double, y: Double), stride: Double)]
    ) -> Variable {
        let shape = numbers.shape, dtype = numbers.tensor.dtype
        precondition(
            shape == [locations.count, 4], "decode: \(shape) for \(locations.count) locations")
        let values = numbers.tensor.doubles
        var sides: [Double] = [], slopes: [Double] = []
        for (row, location) in locations.enumerated() {
            for side in 0..<4 {
                let start = side % 2 == 0 ? location.point.x : location.point.y
                let sign = side < 2 ? -1.0 : 1
                let (distance, slope) = value(values[4 * row + side], stride: location.stride)
                sides.append(start + sign * distance)
                slopes.append(sign * slope)
            }
        }
        let slope = Tensor(slopes, shape: shape, dtype: dtype)
        return Variable.operation(
            Tensor(sides, shape: shape, dtype: dtype), inputs: [numbers]
        ) { gradient in
            [gradient * slope]
        }
    }
}
