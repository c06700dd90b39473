// SPDX-License-Identifier: Apache-2.0
import Files
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Voxel grid") struct VoxelGridTests {
    /// The points of each cube, by a dictionary.
    private func bruteForce(_ points: [SIMD3<Float>], _ side: Float) -> Set<[Int32]> {
        let lower = points.reduce(points[0]) { pointwiseMin($0, $1) }
        var cubes: [[Int]: [Int32]] = [:]
        for (number, point) in points.enumerated() {
            let cube = (0..<3).map { axis in
                Int((Double(point[axis]) - Double(lower[axis])) / Double(side))
            }
            cubes[cube, default: []].append(Int32(number))
        }
        return Set(cubes.values)
    }

    @Test(arguments: TestCloud.allCases, [0.1, 0.5, 2])
    func cubesHoldTheirPoints(cloud: TestCloud, side: Float) throws {
        // The far point of this one would need a finer grid than there may be.
        let side = cloud == .clustered ? side * 10 : side
        let points = cloud.points(400)
        let grid = try VoxelGrid(points, side: side)
        let voxels = (0..<grid.count).map { voxel in
            Array(grid.order[Int(grid.starts[voxel])..<Int(grid.starts[voxel + 1])])
        }
        #expect(Set(voxels) == bruteForce(points, side) && voxels.allSatisfy { $0 == $0.sorted() })
        #expect(grid.largest == voxels.map(\.count).max())
        for (point, voxel) in grid.voxelOfPoint.enumerated() {
            #expect(voxels[Int(voxel)].contains(Int32(point)))
        }
    }

    @Test func partsCoverAllPointsAndSamplesStayInTheirVoxels() throws {
        let points = TestCloud.random.points(500)
        let grid = try VoxelGrid(points, side: 0.3)
        let parts = (0..<grid.largest).map { grid.part($0) }
        #expect(Set(parts.joined()) == Set(0..<500))
        #expect(parts.allSatisfy { $0.count == grid.count })
        let voxels = grid.voxelOfPoint
        let sample = grid.sample(RandomKey(seed: 1))
        #expect(sample.map { voxels[Int($0)] } == Array(0..<Int32(grid.count)))
        #expect(sample == grid.sample(RandomKey(seed: 1)))
        #expect(sample != grid.sample(RandomKey(seed: 2)))
    }

    @Test func orderIsByHeightThenRowThenColumn() throws {
        let points: [SIMD3<Float>] = [
            SIMD3(0, 0, 1), SIMD3(1, 1, 0), SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 0),
            SIMD3(1, 0, 0),
        ]
        let grid = try VoxelGrid(points, side: 1)
        #expect(grid.order == [4, 2, 5, 3, 1, 0])
        #expect(grid.starts == [0, 1, 3, 4, 5, 6])
    }

    @Test func gridsThatAreTooFineAreRefused() throws {
        let points: [SIMD3<Float>] = [SIMD3(0, 0, 0), SIMD3(0, 1e6, 0)]
        #expect(throws: InputError.self) { try VoxelGrid(points, side: 0.1) }
        #expect(try VoxelGrid([], side: 1).count == 0)
    }
}
