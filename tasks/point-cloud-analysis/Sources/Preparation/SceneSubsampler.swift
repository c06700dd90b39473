// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// Lays a cloud on a voxel grid, one point a voxel, in memory that the cloud's size does not change.
///
/// A voxel's place, color and intensity are the means of its points, its class the most frequent
/// one, as in KPConv's grid subsampling (Thomas et al., ICCV 2019). Voxels come in the order of the
/// longest axis, then the two others. A cloud of more than ``slabPoints`` points is read again for
/// each slab across the longest axis; the result does not depend on the slabs.
struct SceneSubsampler {
    /// The side of a voxel in the file's units.
    let grid: Double
    /// From the file's numbers to classes, nil where they are not needed.
    var lookup: ClassLookup?
    /// Points held at a time at most.
    var slabPoints = 1 << 23

    /// Voxels along an axis at most: 21 bits, and float32 coordinates stay finer than a voxel.
    private static let longest = 1 << 20

    /// What is known of a part of a cloud once it lies on the grid.
    struct Summary: Sendable {
        /// What positions count from.
        var origin = SIMD3<Double>()
        /// Points of the part, and those of them whose class doesn't count.
        var originals = 0, ignored = 0
        /// Points of each class.
        var counts: [Int] = []
        /// Voxels.
        var points = 0
        /// Sums over the voxels, for a mean and a deviation.
        var intensitySum = 0.0, intensitySquares = 0.0
    }

    /// Reads a cloud and gives its voxels in order, some at a time.
    ///
    /// - Parameters:
    ///   - open: Opens the cloud; called two times or more.
    ///   - survey: What reading it before has found.
    ///   - emit: Gets the voxels.
    /// - Throws: One line for a grid too fine, a class that is unknown, a part without points.
    func run(
        _ open: () throws -> any PointReader, survey: CloudSurvey, region: CloudRegion = .all,
        emit: (VoxelMeans) throws -> Void
    ) throws -> Summary {
        let path = try open().path
        var summary = Summary()
        summary.origin = survey.lower
        if let lookup {
            summary.counts = [Int](repeating: 0, count: lookup.count)
            for (code, points) in survey.codes.sorted(by: { $0.key < $1.key })
            where lookup.label(of: code) == nil {
                throw lookup.unknown(code, points: points, path: path)
            }
        }
        let extent = survey.upper - survey.lower
        guard extent.max() / grid < Double(SceneSubsampler.longest) else {
            throw InputError(
                "points \(extent.max()) apart on a grid of \(grid), expected at most "
                    + "\(SceneSubsampler.longest) voxels along an axis; take a larger data.grid or "
                    + "remove outliers", path: path)
        }
        let axis = (0..<3).reduce(0) { extent[$1] > extent[$0] ? $1 : $0 }
        let slabs = try slabs(open, survey: survey, region: region, axis: axis, path: path)
        guard !slabs.isEmpty else {
            throw InputError(
                "no point of \(survey.total) lies in this part of the cloud; correct data.split",
                path: path)
        }
        for slab in slabs {
            var points = SlabPoints(capacity: slab.points)
            var reader = try open()
            while let block = try reader.next(PointFile.blockSize) {
                try add(block, to: &points, slab, survey, region, axis, &summary, path)
            }
            let voxels = points.voxels()
            summary.points += voxels.positions.count
            for intensity in voxels.intensities {
                summary.intensitySum += Double(intensity)
                summary.intensitySquares += Double(intensity) * Double(intensity)
            }
            try emit(voxels)
        }
        return summary
    }

    /// Some rows of voxels across the longest axis.
    private struct Slab {
        var rows: Range<Int>
        var points: Int
    }

    private func slabs(
        _ open: () throws -> any PointReader, survey: CloudSurvey, region: CloudRegion, axis: Int,
        path: String
    ) throws -> [Slab] {
        let rows = Int((survey.upper[axis] - survey.lower[axis]) / grid) + 1
        var counts = [Int](repeating: 0, count: rows)
        var reader = try open()
        while let block = try reader.next(PointFile.blockSize) {
            for position in block.positions where region.contains(position, lower: survey.lower) {
                counts[row(position[axis] - survey.lower[axis])] += 1
            }
        }
        var slabs: [Slab] = []
        for (row, count) in counts.enumerated() where count > 0 {
            guard count <= slabPoints else {
                throw InputError(
                    "\(count) points in one row of voxels of \(grid), expected at most "
                        + "\(slabPoints); take a smaller data.grid", path: path)
            }
            if let last = slabs.last, last.points + count <= slabPoints {
                slabs[slabs.count - 1].rows = last.rows.lowerBound..<row + 1
                slabs[slabs.count - 1].points += count
            } else {
                slabs.append(Slab(rows: row..<row + 1, points: count))
            }
        }
        return slabs
    }

    @inline(__always)
    private func row(_ distance: Double) -> Int { Int(distance / grid) }

    private func add(
        _ block: PointBlock, to points: inout SlabPoints, _ slab: Slab, _ survey: CloudSurvey,
        _ region: CloudRegion, _ axis: Int, _ summary: inout Summary, _ path: String
    ) throws {
        let second = axis == 0 ? 1 : 0, third = axis == 2 ? 1 : 2
        for (point, position) in block.positions.enumerated()
        where region.contains(position, lower: survey.lower) {
            let place = position - survey.lower
            let first = row(place[axis])
            guard slab.rows.contains(first) else { continue }
            var label = PointClasses.ignored
            if let lookup, let codes = block.labels {
                guard let known = lookup.label(of: codes[point]) else {
                    throw lookup.unknown(
                        codes[point], points: survey.codes[codes[point]] ?? 1, path: path)
                }
                label = known
            }
            summary.originals += 1
            if label < 0 { summary.ignored += 1 } else { summary.counts[Int(label)] += 1 }
            let cube =
                UInt64(first) << 42 | UInt64(row(place[second])) << 21
                | UInt64(row(place[third]))
            let intensity = block.intensities?[point] ?? 0
            points.append(
                cube: cube, position: SIMD3<Float>(place),
                intensity: intensity.isFinite ? intensity : 0,
                color: block.colors?[point] ?? SIMD3(0, 0, 0), label: label)
        }
    }
}

/// Points of a slab with their voxels.
private struct SlabPoints {
    private var order: [(cube: UInt64, point: Int32)] = []
    private var positions: [SIMD3<Float>] = []
    private var intensities: [Float] = []
    private var colors: [SIMD3<UInt16>] = []
    private var labels: [Int16] = []

    init(capacity: Int) {
        order.reserveCapacity(capacity)
        positions.reserveCapacity(capacity)
        intensities.reserveCapacity(capacity)
        colors.reserveCapacity(capacity)
        labels.reserveCapacity(capacity)
    }

    mutating func append(
        cube: UInt64, position: SIMD3<Float>, intensity: Float, color: SIMD3<UInt16>, label: Int32
    ) {
        order.append((cube, Int32(positions.count)))
        positions.append(position)
        intensities.append(intensity)
        colors.append(color)
        labels.append(Int16(truncatingIfNeeded: label))
    }

    /// The voxels in order.
    mutating func voxels() -> VoxelMeans {
        order.sort { $0.cube != $1.cube ? $0.cube < $1.cube : $0.point < $1.point }
        var result = VoxelMeans()
        var votes: [Int16: Int] = [:]
        var start = 0
        while start < order.count {
            let cube = order[start].cube
            var end = start, position = SIMD3<Double>(), color = SIMD3<Double>()
            var intensity = 0.0
            var first: Int16?, isMixed = false
            while end < order.count, order[end].cube == cube {
                let point = Int(order[end].point)
                position += SIMD3<Double>(positions[point])
                intensity += Double(intensities[point])
                color += SIMD3<Double>(colors[point])
                if first == nil { first = labels[point] }
                if labels[point] != first { isMixed = true }
                end += 1
            }
            let count = Double(end - start)
            var label = first ?? -1
            if isMixed {
                votes.removeAll(keepingCapacity: true)
                for place in start..<end {
                    let label = labels[Int(order[place].point)]
                    if label >= 0 { votes[label, default: 0] += 1 }
                }
                label =
                    votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? -1
            }
            result.positions.append(SIMD3<Float>(position / count))
            result.intensities.append(Float(intensity / count))
            result.colors.append(SIMD3<UInt16>((color / count).rounded(.toNearestOrEven)))
            result.labels.append(Int32(label))
            start = end
        }
        return result
    }
}
