// SPDX-License-Identifier: Apache-2.0

/// LAS 1.0 to 1.4 with point formats 0 to 8; labels are the classification.
package struct LASReader: PointReader {
    private let source: PointSource
    private let header: LASHeader
    private var given = 0

    /// Opens a file and checks its header.
    package init(path: String) throws(PointFileError) { try self.init(PointSource(path: path)) }

    init(_ source: PointSource) throws(PointFileError) {
        self.source = source
        header = try LASHeader(source)
    }

    package var path: String { source.path }
    package var count: Int? { header.count }

    /// What an integer coordinate is multiplied by, an axis each.
    package var scale: SIMD3<Double> { header.scale }
    /// What is added to it.
    package var offset: SIMD3<Double> { header.offset }

    package mutating func next(_ limit: Int) throws(PointFileError) -> PointBlock? {
        let size = min(max(1, limit), header.count - given)
        guard size > 0 else { return nil }
        let length = header.recordLength
        let numbers = ByteNumbers(
            bytes: try source.read(
                header.dataOffset + given * length, size * length, of: "points from \(given)"))
        let positions = try positions(numbers, size)
        given += size
        let colors = LASHeader.colorOffsets[header.pointFormat].map { offset in
            (0..<size).map { point in
                let first = point * length + offset
                return SIMD3<UInt16>(
                    numbers.integer(first), numbers.integer(first + 2), numbers.integer(first + 4))
            }
        }
        // Formats before 6 keep flags in the upper bits of the class.
        let isOld = header.pointFormat < 6
        let place = isOld ? 15 : 16, mask: UInt8 = isOld ? 31 : 255
        return PointBlock(
            positions: positions,
            intensities: (0..<size).map {
                Float(numbers.integer($0 * length + 12, as: UInt16.self))
            },
            colors: colors,
            labels: (0..<size).map { Int32(numbers.bytes[$0 * length + place] & mask) })
    }

    private func positions(
        _ numbers: ByteNumbers, _ size: Int
    ) throws(PointFileError) -> [SIMD3<Double>] {
        let positions = (0..<size).map { point in
            let first = point * header.recordLength
            let integers = SIMD3<Double>(
                Double(numbers.integer(first, as: Int32.self)),
                Double(numbers.integer(first + 4, as: Int32.self)),
                Double(numbers.integer(first + 8, as: Int32.self)))
            return integers * header.scale + header.offset
        }
        try positions.checkFinite(from: given, in: source)
        return positions
    }
}

extension [SIMD3<Double>] {
    /// Checks that no coordinate is infinite or not a number.
    ///
    /// - Parameter first: The number of the first of these points in the file.
    func checkFinite(from first: Int, in source: PointSource) throws(PointFileError) {
        // A difference with itself is 0 for finite numbers only.
        guard
            let bad = firstIndex(where: { point in
                let zero = point - point
                return zero.x + zero.y + zero.z != 0
            })
        else { return }
        throw source.error(
            "point \(first + bad) has the coordinates \(self[bad].x) \(self[bad].y) "
                + "\(self[bad].z), expected finite numbers; remove such points first")
    }
}
