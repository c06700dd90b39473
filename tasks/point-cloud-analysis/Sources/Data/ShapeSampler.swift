// SPDX-License-Identifier: Apache-2.0
package import Files
import Tensors

/// Shapes for classification: some of their points, centred, in the unit ball.
package struct ShapeSampler: Sendable {
    private let prepared: PreparedPoints
    private let shapes: [PointIndex.Shape]
    private let sampling: PointSampling
    private let augmentation: PointAugmentation
    private let key: RandomKey

    /// A sampler of a subset.
    package init(
        _ prepared: PreparedPoints, subset: PointIndex.Subset, sampling: PointSampling,
        augmentation: PointAugmentation, seed: UInt64
    ) {
        self.prepared = prepared
        shapes = prepared.shapes(subset)
        self.sampling = sampling
        self.augmentation = augmentation
        key = RandomKey(seed: seed).child("shapes")
    }

    /// Shapes, each a sample of an epoch.
    package var count: Int { shapes.count }

    /// The class of a shape.
    package func label(_ number: Int) -> Int32 { shapes[number].label }

    /// A training sample; the same bits whenever it is asked for.
    ///
    /// - Parameter number: In `0..<count`.
    package func sample(_ number: Int, epoch: Int) throws(InputError) -> PointSample {
        let key = key.child(epoch).child(number)
        let points = try prepared.load(shapes[number])
        let chosen: [Int32]
        switch sampling.choice {
        case .random: chosen = ShapeSampler.random(points.count, sampling.points, key)
        case .farthest:
            let start = key.child("start").integer(below: points.count)
            chosen = ShapeSampler.farthest(points, sampling.points, from: start)
        }
        return sampling.sample(
            of: points, chosen: chosen, label: shapes[number].label, augmentation: augmentation,
            key: key)
    }

    /// A shape as it is evaluated: its farthest points, unchanged.
    package func evaluationSample(_ number: Int) throws(InputError) -> PointSample {
        let shape = shapes[number]
        return sampling.evaluationSample(of: try prepared.load(shape), label: shape.label)
    }

    /// Numbers of so many points at random, each at most once.
    private static func random(_ count: Int, _ wanted: Int, _ key: RandomKey) -> [Int32] {
        var numbers = (0..<count).map { Int32($0) }
        let draws = key.child("choice")
        let size = min(wanted, count)
        for place in 0..<size {
            numbers.swapAt(place, place + draws.integer(below: count - place, place))
        }
        return Array(numbers.prefix(size))
    }

    fileprivate static func farthest(
        _ points: [SIMD3<Float>], _ wanted: Int, from start: Int
    ) -> [Int32] {
        PointTree(points).farthestPoints(min(wanted, points.count), from: start)
    }
}

extension PointSampling {
    /// A shape as it is evaluated and predicted: its farthest points from the first on.
    ///
    /// - Parameter points: At least one, finite.
    package func evaluationSample(
        of points: [SIMD3<Float>], label: Int32 = PointClasses.ignored
    ) -> PointSample {
        sample(
            of: points, chosen: ShapeSampler.farthest(points, self.points, from: 0), label: label,
            augmentation: nil, key: RandomKey(seed: 0))
    }

    /// Some points of a shape, their mean at 0 and the farthest at distance 1, times ``scale``.
    fileprivate func sample(
        of points: [SIMD3<Float>], chosen: [Int32], label: Int32,
        augmentation: PointAugmentation?, key: RandomKey
    ) -> PointSample {
        let numbers = padded(chosen)
        let own = chosen.map { SIMD3<Double>(points[Int($0)]) }
        let centre = own.reduce(SIMD3<Double>()) { $0 + $1 } / Double(own.count)
        let radius = own.reduce(0.0) { max($0, (($1 - centre) * ($1 - centre)).sum()) }.squareRoot()
        let factor = scale / (radius > 0 ? radius : 1)
        let plain = numbers.map {
            SIMD3<Float>((SIMD3<Double>(points[Int($0)]) - centre) * factor)
        }
        var positions = plain
        augmentation?.apply(to: &positions, key: key)
        // Shapes stand on the y axis.
        let lowest = plain.reduce(Float.infinity) { min($0, $1.y) }
        var values: [Float] = []
        values.reserveCapacity(numbers.count * featureWidth)
        for point in numbers.indices {
            for feature in features {
                if feature == .height {
                    values.append(plain[point].y - lowest)
                } else {
                    for axis in 0..<3 { values.append(positions[point][axis]) }
                }
            }
        }
        return PointSample(
            positions: positions,
            features: Tensor(values, shape: [numbers.count, featureWidth]), labels: [label],
            own: chosen.count, numbers: numbers)
    }
}
