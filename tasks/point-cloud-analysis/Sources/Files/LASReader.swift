// SPDX-License-Identifier: Apache-2.0
package import Files

/// LAS 1.0 to 1.4 with point formats 0 to 10; labels are the classification.
///
/// A class or intensity that ``PointReading`` names is taken from the extra bytes.
package struct LASReader: PointReader {
    private let source: PointSource
    private let header: LASHeader
    private let reading: PointReading
    private let colors: ColorRange?
    private let label, intensity: LASExtraBytes.Field?
    private var given = 0

    /// Opens a file and checks its header.
    package init(path: String, _ reading: PointReading = .all) throws(InputError) {
        try self.init(PointSource(path: path), reading)
    }

    init(_ source: PointSource, _ reading: PointReading = .all) throws(InputError) {
        self.source = source
        self.reading = reading
        header = try LASHeader(source)
        label = try LASReader.field(reading.label, .label, reading, header, source)
        intensity = try LASReader.field(reading.intensity, .intensity, reading, header, source)
        guard reading.fields.contains(.color), LASHeader.colorOffsets[header.pointFormat] != nil
        else {
            colors = nil
            return
        }
        if let range = reading.colorRange {
            colors = ColorRange(range)
        } else {
            colors = try LASReader.colorRange(header, source)
        }
    }

    /// The file.
    package var path: String { source.path }
    /// Points of the file, where its header states them.
    package var count: Int? { header.count }
    /// What people should know of how the file is read.
    package var notes: [String] { [colors?.note].compactMap(\.self) }
    /// What the brightest channel is in the file, where it is known.
    package var colorRange: Double? { colors?.top }

    private static func field(
        _ name: String?, _ kind: PointReading.Fields, _ reading: PointReading,
        _ header: LASHeader, _ source: PointSource
    ) throws(InputError) -> LASExtraBytes.Field? {
        guard let name, reading.fields.contains(kind), name.lowercased() != "classification",
            name.lowercased() != "intensity"
        else { return nil }
        let fields = try LASExtraBytes(header, source).fields
        guard let field = fields.first(where: { $0.name == name && $0.scalar != nil }) else {
            let names = fields.filter { $0.scalar != nil }.map(\.name)
            throw source.error(
                "no extra bytes \(name), which data.fields names; expected classification, "
                    + (["intensity"] + names).joined(separator: ", "))
        }
        return field
    }

    /// The colors' range: 8 bits in 16 are common.
    private static func colorRange(
        _ header: LASHeader, _ source: PointSource
    ) throws(InputError) -> ColorRange? {
        guard let offset = LASHeader.colorOffsets[header.pointFormat] else { return nil }
        var largest: UInt16 = 0, first = 0
        let length = header.recordLength
        while first < header.count, !ColorRange.isSettled(Double(largest)) {
            let size = min(PointFile.blockSize, header.count - first)
            let numbers = ByteNumbers(
                bytes: try source.read(
                    header.dataOffset + first * length, size * length, of: "points from \(first)"))
            for point in 0..<size {
                for channel in 0..<3 {
                    largest = max(
                        largest, numbers.integer(point * length + offset + 2 * channel))
                }
            }
            first += size
        }
        return ColorRange(largest: Double(largest), isReal: false, isShort: true)
    }

    /// The points that follow, at most `limit`; nil at the end.
    package mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        let size = min(max(1, limit), header.count - given)
        guard size > 0 else { return nil }
        let length = header.recordLength
        let numbers = ByteNumbers(
            bytes: try source.read(
                header.dataOffset + given * length, size * length, of: "points from \(given)"))
        let first = given
        var block = PointBlock(
            positions: try header.positions(numbers, count: size, from: first, source))
        given += size
        if let colors, let offset = LASHeader.colorOffsets[header.pointFormat] {
            block.colors = (0..<size).map { point in
                let first = point * length + offset
                func channel(_ place: Int) -> UInt16 {
                    colors.channel(Double(numbers.integer(first + place, as: UInt16.self)))
                }
                return SIMD3(channel(0), channel(2), channel(4))
            }
        }
        if reading.fields.contains(.intensity) {
            block.intensities =
                if let intensity {
                    intensity.values(numbers, header, size).map { Float($0) }
                } else {
                    (0..<size).map { Float(numbers.integer($0 * length + 12, as: UInt16.self)) }
                }
        }
        if reading.fields.contains(.label) {
            let place = header.labelOffset, mask = header.labelMask
            block.labels =
                if let label {
                    try PointBlock.labels(
                        label.values(numbers, header, size), from: first, source)
                } else {
                    (0..<size).map { Int32(numbers.bytes[$0 * length + place] & mask) }
                }
        }
        return block
    }
}

extension PointBlock {
    /// Whole numbers as classes.
    ///
    /// - Parameter first: The number of the first of these points in the file.
    static func labels(
        _ values: [Double], from first: Int, _ source: PointSource
    ) throws(InputError) -> [Int32] {
        var labels: [Int32] = []
        labels.reserveCapacity(values.count)
        for value in values {
            guard let number = Int32(exactly: value) else {
                throw source.error(
                    "point \(first + labels.count) has the class \(value), expected a whole "
                        + "32-bit number")
            }
            labels.append(number)
        }
        return labels
    }
}

extension [SIMD3<Double>] {
    /// Checks that no coordinate is infinite or not a number.
    ///
    /// - Parameter first: The number of the first of these points in the file.
    func checkFinite(from first: Int, in source: PointSource) throws(InputError) {
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
