// SPDX-License-Identifier: Apache-2.0

/// A cloud laid on a voxel grid, one point a voxel, in memory.
package struct PointScene: Sendable, Equatable {
    /// What positions count from, in the file's units: the lower corner.
    package var origin: SIMD3<Double>
    /// Places relative to ``origin``, in the file's units: the mean of a voxel's points.
    package var positions: [SIMD3<Float>] = []
    /// Mean strengths of the returns as the file has them; 0 where it has none.
    package var intensities: [Float] = []
    /// Mean red, green, blue in 0...65535; 0 where the file has none.
    package var colors: [SIMD3<UInt16>] = []
    /// The most frequent class of a voxel, the lower one of equals; ``PointClasses/ignored`` where
    /// none counts.
    package var labels: [Int32] = []
    /// Classes of noise: like points without a class that counts they say nothing of the ground.
    package var noise: Set<Int32> = []

    /// A scene without points.
    package init(origin: SIMD3<Double>) { self.origin = origin }

    /// The number of points.
    package var count: Int { positions.count }

    /// The z relative to ``origin`` that heights count from; see `GroundLevel`.
    ///
    /// - Precondition: At least one point.
    package func ground(_ rule: GroundRule) -> Float {
        switch rule {
        case .lowest: positions.reduce(.infinity) { min($0, $1.z) }
        case .quantile:
            GroundLevel.of(positions) { labels[$0] >= 0 && !noise.contains(labels[$0]) }
        }
    }

    mutating func append(_ voxels: VoxelMeans) {
        positions += voxels.positions
        intensities += voxels.intensities
        colors += voxels.colors
        labels += voxels.labels
    }

    // MARK: Bytes

    /// Bytes of one point in a prepared file: x y z and intensity as float32, three uint16, int16.
    static let recordLength = 24

    /// The points as a prepared file has them.
    init(bytes: [UInt8], origin: SIMD3<Double>) {
        self.init(origin: origin)
        let numbers = ByteNumbers(bytes: bytes)
        let count = bytes.count / PointScene.recordLength
        positions.reserveCapacity(count)
        intensities.reserveCapacity(count)
        colors.reserveCapacity(count)
        labels.reserveCapacity(count)
        for point in 0..<count {
            let at = point * PointScene.recordLength
            positions.append(
                SIMD3(numbers.float(at), numbers.float(at + 4), numbers.float(at + 8)))
            intensities.append(numbers.float(at + 12))
            colors.append(
                SIMD3(numbers.integer(at + 16), numbers.integer(at + 18), numbers.integer(at + 20)))
            labels.append(Int32(numbers.integer(at + 22, as: Int16.self)))
        }
    }
}

/// Some voxels of a scene: what their points have in common.
struct VoxelMeans: Sendable {
    var positions: [SIMD3<Float>] = []
    var intensities: [Float] = []
    var colors: [SIMD3<UInt16>] = []
    var labels: [Int32] = []

    /// The voxels as a prepared file has them.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(positions.count * PointScene.recordLength)
        for voxel in positions.indices {
            for axis in 0..<3 { bytes.append(number: positions[voxel][axis]) }
            bytes.append(number: intensities[voxel])
            for channel in 0..<3 { bytes.append(number: colors[voxel][channel]) }
            bytes.append(number: Int16(truncatingIfNeeded: labels[voxel]))
        }
        return bytes
    }
}
