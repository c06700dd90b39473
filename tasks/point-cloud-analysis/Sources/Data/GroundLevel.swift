// SPDX-License-Identifier: Apache-2.0

/// The ground of a scene: one z.
enum GroundLevel {
    /// Cells along the longer side of the scene, seen from above.
    private static let cells = 32
    /// What a cell must hold to count.
    private static let leastPoints = 20
    /// The share of points below a cell's level, and of cells below the ground.
    private static let share = 0.05
    /// Points that are looked at, evenly taken from larger scenes.
    private static let mostPoints = 1 << 22

    /// The ground under some points: of the cells of a coarse grid, each with the z that 5 % of its
    /// points lie below, the level that 5 % of the cells lie below.
    ///
    /// Cells of fewer than 20 points don't count; where the others hold less than half of the
    /// points, the grid is made coarser.
    ///
    /// - Parameter counts: Whether a point counts; all do where fewer than half of them would.
    /// - Precondition: At least one point, all finite.
    static func of(_ positions: [SIMD3<Float>], counts: (Int) -> Bool) -> Float {
        precondition(!positions.isEmpty, "the ground of no points")
        let counted = positions.indices.count(where: counts)
        let takesAll = 2 * counted < positions.count
        let step = (takesAll ? positions.count : counted) / mostPoints + 1
        var points: [SIMD3<Float>] = []
        var number = 0
        for index in positions.indices where takesAll || counts(index) {
            if number % step == 0 { points.append(positions[index]) }
            number += 1
        }
        var cells = cells
        while cells > 1 {
            if let level = level(points, cells) { return level }
            cells /= 2
        }
        return low(points.map(\.z).sorted())
    }

    /// The level on a grid; nil where too few cells hold enough points.
    private static func level(_ points: [SIMD3<Float>], _ cells: Int) -> Float? {
        let lower = points.reduce(points[0]) { pointwiseMin($0, $1) }
        let extent = points.reduce(points[0]) { pointwiseMax($0, $1) } - lower
        let side = max(extent.x, extent.y) / Float(cells)
        guard side > 0 else { return nil }
        func cell(_ point: SIMD3<Float>) -> Int {
            let place = (point - lower) / side
            return min(cells - 1, Int(place.x)) * cells + min(cells - 1, Int(place.y))
        }
        var ends = [Int](repeating: 0, count: cells * cells + 1)
        for point in points { ends[cell(point) + 1] += 1 }
        for place in 1..<ends.count { ends[place] += ends[place - 1] }
        var next = ends
        var heights = [Float](repeating: 0, count: points.count)
        for point in points {
            let place = cell(point)
            heights[next[place]] = point.z
            next[place] += 1
        }
        var levels: [Float] = [], held = 0
        for place in 0..<cells * cells {
            let range = ends[place]..<ends[place + 1]
            guard range.count >= leastPoints else { continue }
            held += range.count
            levels.append(low(heights[range].sorted()))
        }
        guard 2 * held >= points.count else { return nil }
        levels.sort()
        return levels[Int(share * Double(levels.count))]
    }

    /// The quantile of rising numbers, not the least of them where there are several.
    private static func low(_ sorted: [Float]) -> Float {
        sorted[max(Int(share * Double(sorted.count)), sorted.count > 2 ? 1 : 0)]
    }
}

extension PointClasses {
    /// The numbers that ASPRS gives noise in LAS files.
    fileprivate static let noiseCodes: Set<Int32> = [7, 18]

    /// Classes of points that say nothing of the ground: those named noise, and in LAS files those
    /// whose numbers are those of noise.
    func noise(isLAS: Bool) -> Set<Int32> {
        let labels = names.indices.filter { label in
            names[label].lowercased().contains("noise")
                || isLAS && PointClasses.noiseCodes.isSuperset(of: codes[label])
        }
        return Set(labels.map { Int32($0) })
    }
}

extension ClassLookup {
    /// Tells the points that say something of the ground, class 0, from those that are noise or
    /// don't count, in files that may have any numbers.
    init(groundOf classes: PointClasses, isLAS: Bool) {
        let noise = classes.noise(isLAS: isLAS).flatMap { classes.codes[Int($0)] }
        let left = Set(noise + classes.ignoredCodes + (isLAS ? PointClasses.noiseCodes : []))
        // A class must have a number of its own.
        let other = (Int32.min...Int32.max).first { !left.contains($0) } ?? 0
        self.init(
            PointClasses(names: ["other"], codes: [[other]], ignoredCodes: left.sorted()),
            others: 0)
    }
}
