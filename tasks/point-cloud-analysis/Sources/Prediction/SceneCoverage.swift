// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

/// Overlapping spheres that see every point of a scene, and the mean of what is predicted in them.
///
/// A sphere lies round the point with the lowest potential of those not seen often enough; it holds
/// the points nearest to it, so that it sees that point at least. Potentials grow as in
/// ``SphereSampler``, but round the sphere as far as its points reach. Memory is that of a float32 a
/// point and class.
package struct SceneCoverage {
    private let indexed: IndexedScene
    private let sampling: PointSampling
    private let spheres: PointSampling.Spheres
    private let augmentation: PointAugmentation?
    private let key: RandomKey
    private let classes: Int
    private var potentials: LeastValue
    private var planned: [UInt8]
    private var finished = 0
    private var sums: [Float]
    private var seen: [UInt8]
    /// Spheres so far.
    package private(set) var count = 0

    /// Nothing is covered yet.
    ///
    /// - Parameters:
    ///   - classes: The number of classes, C.
    ///   - augmentation: Changes of the spheres where ``PointSampling/Spheres/votes`` is set.
    /// - Precondition: The scene has a point; sampling by spheres.
    package init(
        _ scene: PointScene, sampling: PointSampling, classes: Int,
        augmentation: PointAugmentation? = nil, seed: UInt64 = 0
    ) {
        guard let spheres = sampling.spheres, scene.count > 0, classes > 0 else {
            preconditionFailure("spheres over \(scene.count) points, \(classes) classes")
        }
        indexed = IndexedScene(scene, sampling.ground)
        self.sampling = sampling
        self.spheres = spheres
        self.augmentation = spheres.votes ? augmentation : nil
        self.classes = classes
        key = RandomKey(seed: seed).child("coverage")
        let draws = key.child("start")
        potentials = LeastValue((0..<scene.count).map { Float(draws.uniform($0)) * 1e-3 })
        planned = [UInt8](repeating: 0, count: scene.count)
        sums = [Float](repeating: 0, count: scene.count * classes)
        seen = [UInt8](repeating: 0, count: scene.count)
    }

    /// The scene.
    package var scene: PointScene { indexed.scene }

    /// The share of points that spheres so far see often enough.
    package var share: Double { Double(finished) / Double(planned.count) }

    /// The next sphere, or nil where every point is seen often enough.
    package mutating func next() -> PointSample? {
        let start = potentials.position()
        guard potentials[start] < .infinity else { return nil }
        let centre = scene.positions[start]
        var radius = Float(spheres.radius)
        var own = indexed.nearest(to: centre, within: radius, limit: sampling.points)
        // One of more equal points than a sphere holds must be seen, too.
        if !own.contains(Int32(start)) { own = [Int32(start)] + own.dropLast() }
        if own.count == sampling.points, let last = own.last {
            let difference = scene.positions[Int(last)] - centre
            radius = min(radius, (difference * difference).sum().squareRoot())
        }
        for number in own {
            let point = Int(number)
            guard Int(planned[point]) < spheres.visits else { continue }
            planned[point] += 1
            guard Int(planned[point]) < spheres.visits else {
                potentials[point] = .infinity
                finished += 1
                continue
            }
            let difference = scene.positions[point] - centre
            let part = radius > 0 ? 1 - (difference * difference).sum() / (radius * radius) : 1
            if part > 0 { potentials[point] += part * part }
        }
        count += 1
        return sampling.sample(
            of: scene, own: own, centre: centre, ground: indexed.ground,
            augmentation: augmentation, key: key.child(count))
    }

    /// Adds what is predicted for a sphere.
    ///
    /// - Parameter logits: `[N, C]`, float32.
    package mutating func add(_ logits: Tensor, of sample: PointSample) {
        precondition(
            logits.shape == [sample.numbers.count, classes],
            "logits of shape \(logits.shape) for \(sample.numbers.count) points, \(classes) classes"
        )
        unsafe logits.withFloats { values in
            for row in 0..<sample.own {
                let point = Int(sample.numbers[row])
                guard seen[point] < .max else { continue }
                seen[point] += 1
                for label in 0..<classes {
                    unsafe sums[point * classes + label] += values[row * classes + label]
                }
            }
        }
    }

    /// The class with the largest mean logit of each point, the lower one of equals.
    ///
    /// - Precondition: Every point was seen.
    package func labels() -> [Int32] {
        seen.indices.map { point in
            precondition(seen[point] > 0, "point \(point) of \(seen.count) was in no sphere")
            // The mean is the sum divided by a number that is the same for all classes.
            let first = point * classes
            var best = 0
            for label in 1..<max(1, classes) where sums[first + label] > sums[first + best] {
                best = label
            }
            return Int32(best)
        }
    }

    /// The probability of each class of each point, `[points, C]`: the softmax of the mean logits.
    ///
    /// - Precondition: Every point was seen.
    package func probabilities() -> [Float] {
        var result = sums
        for point in seen.indices {
            precondition(seen[point] > 0, "point \(point) of \(seen.count) was in no sphere")
            let first = point * classes, range = first..<first + classes
            let largest = sums[range].max() ?? 0, count = Double(seen[point])
            var total = 0.0
            for place in range {
                let value = exp(Double(sums[place] - largest) / count)
                result[place] = Float(value)
                total += value
            }
            for place in range { result[place] = Float(Double(result[place]) / total) }
        }
        return result
    }
}
