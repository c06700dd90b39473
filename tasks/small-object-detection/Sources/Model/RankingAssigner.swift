// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Regions

/// Gives each box its most similar locations, however little they overlap: for tiny objects, which
/// may hold no location at all.
///
/// A location stands for a square prior around it. A box takes its ``count`` most similar
/// locations of all levels; a location that several boxes want goes to the most similar one, then
/// to the first. With a second stage every box takes ``further`` more of those still free, by
/// priors that are smaller by ``decay``. Locations not taken that are very similar to a box are
/// ignored.
package struct RankingAssigner: BoxAssigner {
    /// How alike a box and a prior are.
    package enum Measure: Sendable, Hashable {
        /// 1 / (1 + KL(box ‖ prior)) of Gaussians whose deviations are half the sides.
        case divergence
        /// The normalised Wasserstein distance with C in pixels.
        case wasserstein(constant: Double)
    }

    /// How large priors are.
    package enum Prior: Sendable, Hashable {
        /// A fraction of the theoretical receptive fields of a ResNet's pyramid from P2.
        case receptiveField(fraction: Double)
        /// So many strides.
        case strides(Double)
    }

    /// P2 to P7 (Xu et al., ECCV 2022).
    static let receptiveFields = [35.0, 91, 267, 427, 555, 811]

    /// How alike a box and a prior are.
    package var measure: Measure
    /// How large priors are.
    package var prior: Prior
    /// Locations of a box.
    package var count = 3
    /// Locations that a box takes in a second stage; 0 for none.
    package var further: Int
    /// The size of the second stage's priors.
    package var decay = 0.9
    /// From how alike on a location isn't a negative.
    package var ignoredFrom = 0.8

    /// Receptive-field based assignment (Xu et al., ECCV 2022, "RFLA").
    package static var receptiveField: RankingAssigner {
        RankingAssigner(measure: .divergence, prior: .receptiveField(fraction: 0.5), further: 1)
    }

    /// Ranking by the normalised Wasserstein distance (Xu et al., ISPRS Journal 2022).
    ///
    /// The published rule ranks a region proposal network's anchors; priors of 4 strides and 3
    /// locations a box are our choice for a head with one location a cell.
    ///
    /// - Parameter constant: C in pixels: 12.8, AI-TOD's mean size, as published.
    package static func wasserstein(constant: Double = 12.8) -> RankingAssigner {
        RankingAssigner(
            measure: .wasserstein(constant: constant), prior: .strides(4), further: 0)
    }

    /// For each location its box, by this rule.
    package func assignments(of boxes: [Box], to grid: LocationGrid) -> [Int32] {
        var result = [Int32](repeating: Self.background, count: grid.count)
        let sides = grid.levels.map(side)
        claim(count, of: boxes, on: grid, sides: sides, &result)
        if further > 0 {
            claim(further, of: boxes, on: grid, sides: sides.map { $0 * decay }, &result)
        }
        for box in boxes {
            for (level, side) in sides.enumerated() {
                let square = squaredReach(box, side: side, similarity: ignoredFrom)
                guard square >= 0 else { continue }
                let reach = 2 * square.squareRoot() + grid.levels[level].stride
                let around = Box(centre: box.centre, width: reach, height: reach)
                for index in grid.indices(inside: around, level: level)
                where result[index] == Self.background {
                    let (x, y) = grid.point(index, level: level)
                    let (dx, dy) = (x - box.centre.x, y - box.centre.y)
                    if dx * dx + dy * dy <= square { result[index] = Self.ignored }
                }
            }
        }
        return result
    }

    /// Gives boxes their most similar locations among those without a box.
    private func claim(
        _ count: Int, of boxes: [Box], on grid: LocationGrid, sides: [Double],
        _ result: inout [Int32]
    ) {
        let before = result
        var best: [Int: Double] = [:]
        for (number, box) in boxes.enumerated() {
            var wanted: [(similarity: Double, index: Int)] = []
            for (level, side) in sides.enumerated() {
                // On one level the nearest locations are the most similar ones.
                let near = grid.nearest(count, to: box.centre, level: level) {
                    before[$0] == Self.background
                }
                wanted += near.map { (similarity(box, side: side, square: $0.distance), $0.index) }
            }
            wanted.sort {
                $0.similarity != $1.similarity
                    ? $0.similarity > $1.similarity : $0.index < $1.index
            }
            for (similarity, index) in wanted.prefix(count) where similarity > best[index] ?? -1 {
                best[index] = similarity
                result[index] = Int32(number)
            }
        }
    }

    /// The side of a level's priors in pixels.
    func side(_ level: LocationGrid.Level) -> Double {
        switch prior {
        case .strides(let scale): return scale * level.stride
        case .receptiveField(let fraction):
            // Stride 4 is P2; a transformer's stride of 3.5 too.
            let number = Int(log2(level.stride).rounded()) - 2
            let last = Self.receptiveFields.count - 1
            return fraction * Self.receptiveFields[min(max(number, 0), last)]
        }
    }

    /// How alike a box and a prior are whose centres' squared distance is `square`.
    func similarity(_ box: Box, side: Double, square: Double) -> Double {
        switch measure {
        case .divergence: 1 / (1 + leastDivergence(box, side) + 2 * square / (side * side))
        case .wasserstein(let constant):
            exp(-(square + sizeDistance(box, side)).squareRoot() / constant)
        }
    }

    /// Up to which squared distance a box and a prior are so alike; negative where never.
    private func squaredReach(_ box: Box, side: Double, similarity: Double) -> Double {
        switch measure {
        case .divergence:
            return (1 / similarity - 1 - leastDivergence(box, side)) * side * side / 2
        case .wasserstein(let constant):
            let distance = -log(similarity) * constant
            return distance * distance - sizeDistance(box, side)
        }
    }

    /// KL(box ‖ prior) at a common centre.
    private func leastDivergence(_ box: Box, _ side: Double) -> Double {
        let (w, h) = (box.width / side, box.height / side)
        return (w * w + h * h) / 2 - log(w * h) - 1
    }

    /// What sizes add to the squared Wasserstein distance.
    private func sizeDistance(_ box: Box, _ side: Double) -> Double {
        let (w, h) = (box.width - side, box.height - side)
        return (w * w + h * h) / 4
    }
}
