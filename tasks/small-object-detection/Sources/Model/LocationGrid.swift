// SPDX-License-Identifier: Apache-2.0
import Regions

/// The locations of a pyramid in pixels: by level, row, then column.
///
/// Position (row i, column j) of a level lies in the middle of its cell, at stride · (j + 1/2) and
/// stride · (i + 1/2) (FCOS, Tian et al., ICCV 2019).
package struct LocationGrid: Sendable {
    /// One level's locations.
    package struct Level: Sendable {
        /// Rows and columns.
        package let height: Int, width: Int
        /// Pixels between two locations.
        package let stride: Double
        /// The index of the first location among all levels'.
        package let first: Int

        /// The indices of the level's locations.
        package var indices: Range<Int> { first..<first + height * width }
    }

    /// The levels, finest first.
    package let levels: [Level]
    /// Locations in all.
    package let count: Int

    /// The locations of levels of given sizes.
    package init(_ sizes: [(height: Int, width: Int, stride: Double)]) {
        var levels: [Level] = [], count = 0
        for size in sizes {
            precondition(
                size.height > 0 && size.width > 0 && size.stride > 0, "a level of \(size)")
            levels.append(
                Level(
                    height: size.height, width: size.width, stride: size.stride, first: count))
            count += size.height * size.width
        }
        self.levels = levels
        self.count = count
    }

    /// Where a location of a level lies.
    package func point(_ index: Int, level: Int) -> (x: Double, y: Double) {
        let (place, width) = (index - levels[level].first, levels[level].width)
        let stride = levels[level].stride
        return ((Double(place % width) + 0.5) * stride, (Double(place / width) + 0.5) * stride)
    }

    /// The locations of a level inside a box, not on its sides, in order.
    func indices(inside box: Box, level: Int) -> [Int] {
        let grid = levels[level]
        func cells(_ low: Double, _ high: Double, _ count: Int) -> Range<Int> {
            // One more on each side than exact arithmetic needs: the points decide.
            let first = min(max((low / grid.stride - 0.5).rounded(.down), 0), Double(count))
            let last = min(max((high / grid.stride + 0.5).rounded(.up), first), Double(count))
            return Int(first)..<Int(last)
        }
        let columns = cells(box.x1, box.x2, grid.width)
        var result: [Int] = []
        for row in cells(box.y1, box.y2, grid.height) {
            for column in columns {
                let index = grid.first + row * grid.width + column
                let (x, y) = point(index, level: level)
                if box.contains(x: x, y: y) { result.append(index) }
            }
        }
        return result
    }

    /// A location and its squared distance from a point.
    struct Neighbour {
        let index: Int
        let distance: Double
    }

    /// The locations of a level nearest to a point, nearest first; ties go to the lower index.
    ///
    /// - Parameters:
    ///   - count: How many; fewer come where there are fewer.
    ///   - point: In pixels, finite.
    ///   - level: The level's number.
    ///   - isAllowed: Which locations count.
    func nearest(
        _ count: Int, to point: (x: Double, y: Double), level: Int,
        where isAllowed: (Int) -> Bool = { _ in true }
    ) -> [Neighbour] {
        let grid = levels[level]
        func cell(_ at: Double, _ cells: Int) -> Int {
            Int(min(max((at / grid.stride - 0.5).rounded(), 0), Double(cells - 1)))
        }
        let (row, column) = (cell(point.y, grid.height), cell(point.x, grid.width))
        var radius = 1
        while radius * radius < count { radius += 1 }
        while true {
            let rows = max(0, row - radius)...min(grid.height - 1, row + radius)
            let columns = max(0, column - radius)...min(grid.width - 1, column + radius)
            var found: [Neighbour] = []
            for row in rows {
                for column in columns {
                    let index = grid.first + row * grid.width + column
                    guard isAllowed(index) else { continue }
                    let (x, y) = self.point(index, level: level)
                    found.append(
                        Neighbour(
                            index: index,
                            distance: (x - point.x) * (x - point.x)
                                + (y - point.y) * (y - point.y)))
                }
            }
            found.sort { ($0.distance, $0.index) < ($1.distance, $1.index) }
            let best = Array(found.prefix(count))
            // What lies outside of the window is farther than its edge.
            let edge = (Double(radius) + 0.5) * grid.stride
            let isSettled = best.count == count && (best.last?.distance ?? 0) < edge * edge
            let isWhole = rows.count == grid.height && columns.count == grid.width
            if isSettled || isWhole { return best }
            radius *= 2
        }
    }
}
