// SPDX-License-Identifier: Apache-2.0

/// The vertices of a PLY file: ascii, or binary of either byte order.
///
/// Read are x, y, z, and where they exist red, green, blue, `intensity` and one of `label`, `class`
/// and `classification`, also with CloudCompare's prefix `scalar_`.
package struct PLYReader: PointReader {
    private let source: PointSource
    private let header: PLYHeader
    private let columns: PLYColumns
    private var given = 0
    /// The next line of an ascii file.
    private var lines: LineReader
    /// The first byte of the vertices of a binary file.
    private var start: Int

    /// Opens a file and checks its header.
    package init(path: String) throws(PointFileError) { try self.init(PointSource(path: path)) }

    init(_ source: PointSource) throws(PointFileError) {
        self.source = source
        header = try PLYHeader(source)
        columns = try PLYColumns(header.vertex, source)
        guard header.vertex.count > 0 else {
            throw source.error("0 points, expected at least one")
        }
        lines = LineReader(source, from: header.length, linesBefore: header.lines)
        start = header.length
        switch header.form {
        case .ascii:
            // A digit and a line feed or blank is the least that a property takes.
            let least = 2 * header.vertex.properties.count
            guard header.vertex.count <= (source.count - header.length + 1) / least else {
                throw source.error(
                    "\(header.vertex.count) points declared, but only "
                        + "\(source.count - header.length) bytes follow; the file is cut short")
            }
            for element in header.before {
                var left = element.count
                while left > 0, try lines.next() != nil { left -= 1 }
            }
        case .littleEndian, .bigEndian:
            for element in header.before {
                if let list = element.list {
                    throw source.error(
                        "the element \(element.name) before the vertices has the list "
                            + "\(list.name); expected vertices first")
                }
                guard element.size > 0 else { continue }
                try source.checkRecords(
                    element.count, of: element.size, from: start, element.name)
                start += element.count * element.size
            }
            try source.checkRecords(
                header.vertex.count, of: header.vertex.size, from: start, "points")
        }
    }

    package var path: String { source.path }
    package var count: Int? { header.vertex.count }

    package mutating func next(_ limit: Int) throws(PointFileError) -> PointBlock? {
        let size = min(max(1, limit), header.vertex.count - given)
        guard size > 0 else { return nil }
        let values = try header.form == .ascii ? readLines(size) : readRecords(size)
        let block = try columns.block(values, from: given, source)
        given += size
        return block
    }

    /// The columns that are used, of the next `size` vertices of an ascii file.
    private mutating func readLines(_ size: Int) throws(PointFileError) -> [[Double]] {
        var values = [[Double]](repeating: [], count: columns.used.count)
        for column in values.indices { values[column].reserveCapacity(size) }
        let properties = header.vertex.properties
        for _ in 0..<size {
            guard let line = try lines.next() else {
                throw source.error(
                    "the file ends after \(given + values[0].count) of "
                        + "\(header.vertex.count) points; it is cut short: fetch it again")
            }
            var fields = Fields(line)
            var column = 0
            for property in properties.indices {
                guard let field = fields.next() else {
                    throw lines.error(nil, expected: "\(properties.count) numbers a point")
                }
                guard column < columns.used.count, columns.used[column] == property else {
                    continue
                }
                guard let value = DecimalNumber.double(field) else {
                    throw lines.error(field, expected: "a number for \(properties[property].name)")
                }
                values[column].append(value)
                column += 1
            }
            if let extra = fields.next() {
                throw lines.error(extra, expected: "\(properties.count) numbers a point")
            }
        }
        return values
    }

    /// The columns that are used, of the next `size` vertices of a binary file.
    private func readRecords(_ size: Int) throws(PointFileError) -> [[Double]] {
        let length = header.vertex.size
        let numbers = ByteNumbers(
            bytes: try source.read(
                start + given * length, size * length, of: "points from \(given)"),
            isBigEndian: header.form == .bigEndian)
        return columns.used.map { property in
            let properties = header.vertex.properties
            let offset = properties[..<property].reduce(0) { $0 + $1.scalar.size }
            return numbers.column(
                properties[property].scalar, from: offset, step: length, count: size)
        }
    }
}

extension ByteNumbers {
    /// Numbers of one type at even distances.
    func column(_ scalar: PLYHeader.Scalar, from first: Int, step: Int, count: Int) -> [Double] {
        func all(_ read: (Int) -> Double) -> [Double] {
            (0..<count).map { read(first + $0 * step) }
        }
        switch scalar {
        case .int8: return all { Double(integer($0, as: Int8.self)) }
        case .uint8: return all { Double(integer($0, as: UInt8.self)) }
        case .int16: return all { Double(integer($0, as: Int16.self)) }
        case .uint16: return all { Double(integer($0, as: UInt16.self)) }
        case .int32: return all { Double(integer($0, as: Int32.self)) }
        case .uint32: return all { Double(integer($0, as: UInt32.self)) }
        case .float32: return all { Double(float($0)) }
        case .float64: return all { double($0) }
        }
    }
}
