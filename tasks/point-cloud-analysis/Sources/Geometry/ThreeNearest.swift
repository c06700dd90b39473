// SPDX-License-Identifier: Apache-2.0

/// Weights that carry the features of few points to many: inverse distances to the three nearest.
///
/// As in feature propagation of PointNet++ and Pix4Point: a weight is proportional to
/// 1 / (d + 1e-8) with the distance d, not its square; the weights of a query sum to 1.
package struct ThreeNearest: Sendable, Equatable {
    /// Numbers of known points, `[queries, 3]`.
    package let indices: [Int32]
    /// `[queries, 3]`; 0 behind the last point where fewer than three are known.
    package let weights: [Float]

    /// Weights of each query's three nearest points in a tree.
    package init(of queries: [SIMD3<Float>], in known: PointTree) {
        let neighbours = known.nearest(to: queries, k: 3)
        indices = neighbours.indices
        let distances = neighbours.squaredDistances, found = neighbours.found
        weights = found.indices.flatMap { query -> [Float] in
            let inverse = (0..<3).map { slot -> Float in
                slot < Int(found[query])
                    ? 1 / (distances[3 * query + slot].squareRoot() + 1e-8) : 0
            }
            let sum = inverse[0] + inverse[1] + inverse[2]
            // Far beyond any real cloud the inverse distances vanish: the nearest point alone then.
            return sum > 0 ? inverse.map { $0 / sum } : [1, 0, 0]
        }
    }
}
