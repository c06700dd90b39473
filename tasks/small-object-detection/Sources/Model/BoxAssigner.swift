// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Says which locations of a pyramid should find which annotated box.
package protocol BoxAssigner: Sendable {
    /// For each location of the grid the index of its box, ``background`` or ``ignored``.
    ///
    /// - Parameters:
    ///   - boxes: One image's valid boxes, in pixels.
    ///   - grid: The pyramid's locations.
    func assignments(of boxes: [Box], to grid: LocationGrid) -> [Int32]
}

extension BoxAssigner {
    /// A location without a box: a negative.
    package static var background: Int32 { -1 }
    /// A location that is neither positive nor negative.
    package static var ignored: Int32 { -2 }
}

/// FCOS's own rule (Tian et al., ICCV 2019): locations inside a box, on the level whose range
/// holds the largest distance to the box's sides; of several boxes the smallest.
package struct RangeAssigner: BoxAssigner {
    /// Only locations this many strides around a box's centre count; nil for the whole box.
    package var centreRadius: Double?
    /// A level's range ends at this many strides, where the next one begins.
    ///
    /// As published: 64 pixels at stride 8. The last level has no end.
    package var reach = 8.0

    /// The rule with the published improvements unless said otherwise.
    package init(centreRadius: Double? = 1.5) { self.centreRadius = centreRadius }

    /// For each location its box, by this rule.
    package func assignments(of boxes: [Box], to grid: LocationGrid) -> [Int32] {
        var result = [Int32](repeating: Self.background, count: grid.count)
        var areas = [Double](repeating: .infinity, count: grid.count)
        for (number, box) in boxes.enumerated() {
            let area = box.area
            for (level, cells) in grid.levels.enumerated() {
                let low = level == 0 ? 0 : reach * grid.levels[level - 1].stride
                let high = level == grid.levels.count - 1 ? .infinity : reach * cells.stride
                for index in grid.indices(inside: region(box, cells.stride), level: level) {
                    let (x, y) = grid.point(index, level: level)
                    let farthest = max(x - box.x1, box.x2 - x, y - box.y1, box.y2 - y)
                    guard farthest > low && farthest <= high && area < areas[index] else {
                        continue
                    }
                    areas[index] = area
                    result[index] = Int32(number)
                }
            }
        }
        return result
    }

    /// Where a box's positives lie.
    private func region(_ box: Box, _ stride: Double) -> Box {
        guard let centreRadius else { return box }
        let side = 2 * centreRadius * stride
        let middle = Box(centre: box.centre, width: side, height: side)
        return Box(
            x1: max(box.x1, middle.x1), y1: max(box.y1, middle.y1), x2: min(box.x2, middle.x2),
            y2: min(box.y2, middle.y2))
    }
}

/// Adaptive training sample selection (Zhang et al., CVPR 2020, "ATSS").
///
/// Each box looks at its nearest locations of every level, with a square anchor on each; those
/// whose overlap reaches the mean plus one deviation of all of them are positives, where they lie
/// inside the box. Of several boxes a location takes the one it overlaps most.
package struct AdaptiveAssigner: BoxAssigner {
    /// Locations a box looks at on a level.
    package var candidates = 9
    /// The side of an anchor in strides.
    package var anchorScale = 8.0

    /// The published rule.
    package init() {}

    /// For each location its box, by this rule.
    package func assignments(of boxes: [Box], to grid: LocationGrid) -> [Int32] {
        var result = [Int32](repeating: Self.background, count: grid.count)
        var best = [Double](repeating: 0, count: grid.count)
        for (number, box) in boxes.enumerated() {
            var found: [(index: Int, point: (x: Double, y: Double), overlap: Double)] = []
            for (level, cells) in grid.levels.enumerated() {
                let side = anchorScale * cells.stride
                for near in grid.nearest(candidates, to: box.centre, level: level) {
                    let point = grid.point(near.index, level: level)
                    let anchor = Box(centre: point, width: side, height: side)
                    found.append((near.index, point, anchor.intersectionOverUnion(box)))
                }
            }
            let count = Double(found.count)
            let mean = found.reduce(0) { $0 + $1.overlap } / count
            let squares = found.reduce(0) { $0 + ($1.overlap - mean) * ($1.overlap - mean) }
            let threshold = mean + (squares / max(1, count - 1)).squareRoot()
            for (index, point, overlap) in found
            where overlap >= threshold && overlap > best[index] {
                // The published margin keeps distances to the sides positive.
                let distances = [
                    point.x - box.x1, point.y - box.y1, box.x2 - point.x, box.y2 - point.y,
                ]
                guard distances.allSatisfy({ $0 > 0.01 }) else { continue }
                best[index] = overlap
                result[index] = Int32(number)
            }
        }
        return result
    }
}
