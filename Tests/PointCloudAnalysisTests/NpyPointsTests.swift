// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Points in .npy") struct NpyPointsTests {
    private func read(_ values: [Double], _ shape: [Int]) throws -> PointBlock {
        try withFolder { folder in
            let path = "\(folder)/a.npy"
            try Npy.write(Tensor(values, shape: shape), to: path)
            var reader = try PointFile.open(path)
            return try reader.rest()
        }
    }

    @Test func columnsFollowFromTheirNumber() throws {
        let places = [SIMD3(1.0, 2, 3), SIMD3(-4, 5.5, 6)]
        #expect(try read([1, 2, 3, -4, 5.5, 6], [2, 3]) == PointBlock(positions: places))
        #expect(
            try read([1, 2, 3, 7, -4, 5.5, 6, 8], [2, 4])
                == PointBlock(positions: places, intensities: [7, 8]))
        let colors: [SIMD3<UInt16>] = [SIMD3(0, 257, 65535), SIMD3(514, 0, 0)]
        #expect(
            try read([1, 2, 3, 0, 1, 255, -4, 5.5, 6, 2, 0, 0], [2, 6])
                == PointBlock(positions: places, colors: colors))
        #expect(
            try read([1, 2, 3, 0, 1, 255, 9, -4, 5.5, 6, 2, 0, 0, -1], [2, 7])
                == PointBlock(positions: places, colors: colors, labels: [9, -1]))
    }

    @Test func otherArraysAreRefused() {
        for (values, shape) in [
            ([1, 2], [1, 2]), ([], [0, 3]), ([1, 2, 3], [3]), ([1, 2, .nan], [1, 3]),
            ([1, 2, 3, 0, 0, 0, 0.5], [1, 7]),
        ] as [([Double], [Int])] {
            #expect(throws: InputError.self) { try read(values, shape) }
        }
    }
}
