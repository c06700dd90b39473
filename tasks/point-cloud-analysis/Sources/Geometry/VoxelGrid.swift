// SPDX-License-Identifier: Apache-2.0
package import Files
package import Tensors

/// A grid of cubes laid over points, from their lowest corner.
///
/// Voxels are ordered by z, y, x; points in a voxel by their numbers.
package struct VoxelGrid: Sendable, Equatable {
    /// Numbers of the points, voxel by voxel.
    package let order: [Int32]
    /// Voxel v holds `order[starts[v]..<starts[v + 1]]`; one more than there are voxels.
    package let starts: [Int32]

    /// Cubes along an axis at most: 21 bits.
    private static let longest = 1 << 21

    /// Puts points into cubes.
    ///
    /// - Parameters:
    ///   - points: Places, finite.
    ///   - side: The side of a cube, more than 0.
    /// - Throws: Where an axis would have more than 2,097,152 cubes.
    package init(_ points: [SIMD3<Float>], side: Float) throws(InputError) {
        precondition(side > 0 && side.isFinite, "voxels of side \(side)")
        precondition(points.count < Int(Int32.max), "a grid over \(points.count) points")
        guard var lower = points.first else {
            order = []
            starts = [0]
            return
        }
        var upper = lower
        for point in points {
            lower = pointwiseMin(lower, point)
            upper = pointwiseMax(upper, point)
        }
        let origin = SIMD3<Double>(lower)
        let extent = (SIMD3<Double>(upper) - origin).max()
        guard extent / Double(side) < Double(VoxelGrid.longest) else {
            throw InputError(
                "points \(extent) apart in voxels of \(side), expected at most "
                    + "\(VoxelGrid.longest) along an axis; take larger voxels or remove outliers")
        }
        var entries: [(cube: UInt64, number: Int32)] = []
        entries.reserveCapacity(points.count)
        for (number, point) in points.enumerated() {
            let cube = ((SIMD3<Double>(point) - origin) / Double(side)).rounded(.down)
            entries.append(
                (UInt64(cube.z) << 42 | UInt64(cube.y) << 21 | UInt64(cube.x), Int32(number)))
        }
        entries.sort { $0.cube != $1.cube ? $0.cube < $1.cube : $0.number < $1.number }
        order = entries.map { $0.number }
        var starts: [Int32] = []
        for place in entries.indices
        where place == 0 || entries[place].cube != entries[place - 1].cube {
            starts.append(Int32(place))
        }
        starts.append(Int32(entries.count))
        self.starts = starts
    }

    /// The number of voxels that hold a point.
    package var count: Int { starts.count - 1 }

    /// The largest number of points in a voxel.
    package var largest: Int { (0..<count).map { size(of: $0) }.max() ?? 0 }

    /// The number of points in a voxel.
    package func size(of voxel: Int) -> Int { Int(starts[voxel + 1] - starts[voxel]) }

    /// One point of each voxel, drawn at random: what training sees.
    package func sample(_ key: RandomKey) -> [Int32] {
        (0..<count).map { voxel in
            order[Int(starts[voxel]) + key.integer(below: size(of: voxel), voxel)]
        }
    }

    /// Point number `part` of each voxel, counted round: parts below ``largest`` cover all points.
    package func part(_ part: Int) -> [Int32] {
        (0..<count).map { order[Int(starts[$0]) + part % size(of: $0)] }
    }

    /// The voxel of each point.
    package var voxelOfPoint: [Int32] {
        var voxels = [Int32](repeating: 0, count: order.count)
        for voxel in 0..<count {
            for place in Int(starts[voxel])..<Int(starts[voxel + 1]) {
                voxels[Int(order[place])] = Int32(voxel)
            }
        }
        return voxels
    }
}
