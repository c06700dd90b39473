// SPDX-License-Identifier: Apache-2.0
import Files

/// Points in memory, read as those of a file are.
struct HeldPoints: PointReader {
    let path: String
    private let positions: [SIMD3<Double>]
    private let colors: [SIMD3<UInt16>]?
    private var given = 0

    init(path: String, positions: [SIMD3<Double>], colors: [SIMD3<UInt16>]? = nil) {
        self.path = path
        self.positions = positions
        self.colors = colors
    }

    var count: Int? { positions.count }

    mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        guard given < positions.count else { return nil }
        let range = given..<min(positions.count, given + max(1, limit))
        given = range.upperBound
        return PointBlock(
            positions: Array(positions[range]), colors: colors.map { Array($0[range]) })
    }
}
