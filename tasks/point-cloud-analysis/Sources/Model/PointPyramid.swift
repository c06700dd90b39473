// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// The points of a batch at several resolutions, with the neighbours that layers gather from.
///
/// A function of places alone: nothing here has a gradient. Rows of a level are those of all
/// samples, one behind the other.
package struct PointPyramid: Sendable {
    /// How a level comes from the one below it, and how features go back.
    package struct Step: Sendable {
        /// The centres of this level's groups, rows of the level below, `[M]`.
        package let centres: [Int32]
        /// The nearest points of each centre, rows of the level below, `[M * k]`, nearest first.
        package let neighbours: [Int32]
        /// From a centre to its neighbours, `[M * k, 3]`.
        package let offsets: Tensor
        /// The three rows of this level nearest to each row of the level below, `[L * 3]`.
        package let nearest: [Int32]
        /// Their weights, `[L * 3]`; three sum to 1.
        package let weights: [Float]
    }

    /// Samples, B.
    package let samples: Int
    /// Points a sample at each level, the finest first.
    package let counts: [Int]
    /// Neighbours of a group, k.
    package let width: Int
    /// From each level to the next.
    package let steps: [Step]
    /// The places of the coarsest level, `[B * n, 3]`.
    package let coarsest: Tensor

    /// Farthest points and their neighbours, level by level.
    ///
    /// - Parameters:
    ///   - samples: Places of each sample, as many in each and at least one, finite.
    ///   - levels: Levels above the points themselves.
    ///   - ratio: A level has one of so many points of the level below, one at least.
    ///   - neighbours: Points of a group; the nearest repeats where there are fewer.
    package init(_ samples: [[SIMD3<Float>]], levels: Int, ratio: Int = 4, neighbours: Int = 32) {
        precondition(
            samples.allSatisfy { $0.count == samples[0].count && !$0.isEmpty } && ratio > 1,
            "a batch of \(samples.map(\.count)) points")
        self.samples = samples.count
        width = neighbours
        var counts = [samples.first?.count ?? 0]
        var steps: [Step] = []
        var places = samples
        for _ in 0..<levels {
            let below = counts[counts.count - 1], count = max(1, below / ratio)
            counts.append(count)
            let parts = places.map { PointPyramid.part($0, count: count, neighbours: neighbours) }
            steps.append(Step(joining: parts, below: below, count: count, width: neighbours))
            places = parts.map(\.places)
        }
        self.counts = counts
        self.steps = steps
        coarsest = Tensor(
            places.joined().flatMap { [$0.x, $0.y, $0.z] },
            shape: [samples.count * counts[counts.count - 1], 3])
    }

    /// The levels of a dry run: sizes alone.
    ///
    /// - Parameters:
    ///   - samples: Samples of the batch.
    ///   - points: Points of each.
    ///   - levels: Levels above the points themselves.
    ///   - ratio: As for points that are there.
    ///   - neighbours: Points of a group.
    package init(
        placeholder samples: Int, points: Int, levels: Int, ratio: Int = 4, neighbours: Int
    ) {
        self.samples = samples
        width = neighbours
        counts = (0..<levels).reduce(into: [points]) { counts, _ in
            counts.append(max(1, counts[counts.count - 1] / ratio))
        }
        steps = zip(counts, counts.dropFirst()).map { below, count in
            Step(placeholder: samples, below: below, count: count, width: neighbours)
        }
        coarsest = Tensor(placeholder: [samples * counts[levels], 3])
    }

    /// One sample's share of a step.
    fileprivate struct Part {
        let places: [SIMD3<Float>]
        let centres: [Int32]
        let neighbours: [Int32]
        let offsets: [Float]
        let back: ThreeNearest
    }

    private static func part(_ places: [SIMD3<Float>], count: Int, neighbours: Int) -> Part {
        let tree = PointTree(places)
        let centres = tree.farthestPoints(count)
        let chosen = centres.map { places[Int($0)] }
        let near = tree.nearest(to: chosen, k: neighbours).indices
        var offsets: [Float] = []
        offsets.reserveCapacity(3 * near.count)
        for (slot, index) in near.enumerated() {
            let offset = places[Int(index)] - chosen[slot / neighbours]
            offsets += [offset.x, offset.y, offset.z]
        }
        return Part(
            places: chosen, centres: centres, neighbours: near, offsets: offsets,
            back: ThreeNearest(of: places, in: PointTree(chosen)))
    }
}

extension PointPyramid.Step {
    fileprivate init(placeholder samples: Int, below: Int, count: Int, width: Int) {
        centres = [Int32](repeating: 0, count: samples * count)
        neighbours = [Int32](repeating: 0, count: samples * count * width)
        nearest = [Int32](repeating: 0, count: samples * below * 3)
        weights = [Float](repeating: 0, count: samples * below * 3)
        offsets = Tensor(placeholder: [samples * count * width, 3])
    }

    fileprivate init(joining parts: [PointPyramid.Part], below: Int, count: Int, width: Int) {
        func rows(_ list: KeyPath<PointPyramid.Part, [Int32]>, _ stride: Int) -> [Int32] {
            parts.enumerated().flatMap { sample, part in
                part[keyPath: list].map { $0 + Int32(sample * stride) }
            }
        }
        centres = rows(\.centres, below)
        neighbours = rows(\.neighbours, below)
        // Where fewer than three are known the others weigh nothing.
        nearest = rows(\.back.indices, count)
        weights = parts.flatMap(\.back.weights)
        offsets = Tensor(
            parts.flatMap(\.offsets), shape: [parts.count * count * width, 3])
    }
}
