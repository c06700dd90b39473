// SPDX-License-Identifier: Apache-2.0
import Files

/// The public header of a LAS file, versions 1.0 to 1.4 (ASPRS LAS specification 1.4, R15).
struct LASHeader: Sendable {
    /// The major version is 1 always.
    let minorVersion: Int
    /// Which fields a point has, 0 to 10.
    let pointFormat: Int
    /// Bytes a point: the format's, and extra bytes behind them.
    let recordLength: Int
    /// The number of points.
    let count: Int
    /// Where the points begin.
    let dataOffset: Int
    /// A coordinate is its integer times scale plus offset.
    let scale, offset: SIMD3<Double>

    /// Bytes that each point format has at least.
    static let formatLengths = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67]
    /// Where red, green and blue lie in each format, or nil.
    static let colorOffsets: [Int?] = [nil, nil, 20, 28, nil, 28, nil, 30, 30, nil, 30]
    /// Where the classification lies.
    var labelOffset: Int { pointFormat < 6 ? 15 : 16 }
    /// The bits of it that are the class: formats before 6 keep flags in the upper ones.
    var labelMask: UInt8 { pointFormat < 6 ? 31 : 255 }
    /// Bytes of the header, and the number of records between it and the points.
    let length, records: Int

    /// Bytes of the shortest header of versions 1.0 to 1.2, of 1.3 and of 1.4.
    static let lengths = [227, 227, 227, 235, 375]

    init(_ source: PointSource) throws(InputError) {
        let start = ByteNumbers(bytes: try source.read(0, 227, of: "the LAS header"))
        let major = start.bytes[24]
        minorVersion = Int(start.bytes[25])
        guard start.bytes.starts(with: Array("LASF".utf8)), major == 1, minorVersion <= 4 else {
            throw source.error("found LAS \(major).\(start.bytes[25]), expected 1.0 to 1.4")
        }
        let length = Int(start.integer(94, as: UInt16.self))
        guard length >= LASHeader.lengths[minorVersion] else {
            throw source.error(
                "a LAS 1.\(minorVersion) header of \(length) bytes, expected at least "
                    + "\(LASHeader.lengths[minorVersion]); the file is damaged")
        }
        let bytes = ByteNumbers(
            bytes: try source.read(
                0, LASHeader.lengths[minorVersion], of: "the LAS header"))
        let format = Int(bytes.bytes[104])
        guard format & 0xC0 == 0 else {
            throw source.error(
                "the points are compressed (LAZ), expected LAS; convert with: python -c \"import "
                    + "laspy; laspy.read('in.laz').write('out.las')\" (pip install laspy[lazrs])")
        }
        guard LASHeader.formatLengths.indices.contains(format) else {
            throw source.error(
                "point format \(format), expected 0 to 10; convert it with laspy or PDAL")
        }
        pointFormat = format
        recordLength = Int(bytes.integer(105, as: UInt16.self))
        guard recordLength >= LASHeader.formatLengths[format] else {
            throw source.error(
                "points of \(recordLength) bytes in format \(format), expected at least "
                    + "\(LASHeader.formatLengths[format]); the file is damaged")
        }
        self.length = length
        records = Int(bytes.integer(100, as: UInt32.self))
        dataOffset = Int(bytes.integer(96, as: UInt32.self))
        guard dataOffset >= length else {
            throw source.error(
                "points from byte \(dataOffset), inside the header of \(length) bytes; the file is "
                    + "damaged")
        }
        count = try LASHeader.count(bytes, minorVersion, source)
        try source.checkRecords(count, of: recordLength, from: dataOffset, "points")
        scale = LASHeader.vector(bytes, 131)
        offset = LASHeader.vector(bytes, 155)
        for axis in 0..<3 {
            guard scale[axis].isFinite, scale[axis] != 0, offset[axis].isFinite else {
                throw source.error(
                    "scale \(scale[axis]) and offset \(offset[axis]) of axis \(axis), expected "
                        + "finite numbers and a scale other than 0; the file is damaged")
            }
        }
    }

    private static func count(
        _ bytes: ByteNumbers, _ minorVersion: Int, _ source: PointSource
    ) throws(InputError) -> Int {
        let short = Int(bytes.integer(107, as: UInt32.self))
        var count = short
        if minorVersion >= 4 {
            let long: UInt64 = bytes.integer(247)
            guard let number = Int(exactly: long) else {
                throw source.error("\(long) points declared; the file is damaged")
            }
            // Writers that keep to the old formats may leave the new field at 0.
            count = number == 0 ? short : number
        }
        guard count > 0 else { throw source.error("0 points, expected at least one") }
        return count
    }

    /// The places of points whose records were read, `first` the number of the first one.
    ///
    /// - Throws: One line for a place that isn't finite.
    func positions(
        _ numbers: ByteNumbers, count: Int, from first: Int, _ source: PointSource
    ) throws(InputError) -> [SIMD3<Double>] {
        let positions = (0..<count).map { point in
            let start = point * recordLength
            let integers = SIMD3<Double>(
                Double(numbers.integer(start, as: Int32.self)),
                Double(numbers.integer(start + 4, as: Int32.self)),
                Double(numbers.integer(start + 8, as: Int32.self)))
            return integers * scale + offset
        }
        try positions.checkFinite(from: first, in: source)
        return positions
    }

    private static func vector(_ bytes: ByteNumbers, _ offset: Int) -> SIMD3<Double> {
        SIMD3(bytes.double(offset), bytes.double(offset + 8), bytes.double(offset + 16))
    }
}
