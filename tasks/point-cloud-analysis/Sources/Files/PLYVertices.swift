// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// The vertices of a PLY file as they lie in it.
struct PLYVertices: Sendable {
    let source: PointSource
    let header: PLYHeader
    /// The first byte of the vertices.
    let start: Int
    /// The lines of an ascii file from the first vertex on.
    var lines: LineReader
    private var given = 0

    /// Finds the vertices and checks that they can be there.
    init(_ source: PointSource) throws(InputError) {
        self.source = source
        header = try PLYHeader(source)
        guard header.vertex.count > 0 else {
            throw source.error("0 points, expected at least one")
        }
        lines = LineReader(source, from: header.length, linesBefore: header.lines)
        var start = header.length
        switch header.form {
        case .ascii:
            // A digit and a line feed or blank is the least that a property takes.
            let least = 2 * max(1, header.vertex.properties.count)
            guard header.vertex.count <= (source.count - header.length + 1) / least else {
                throw source.error(
                    "\(header.vertex.count) points declared, but only "
                        + "\(source.count - header.length) bytes follow; the file is cut short")
            }
            for element in header.before {
                var left = element.count
                while left > 0, try lines.next() != nil { left -= 1 }
            }
            start = source.count - lines.remaining
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
            if header.vertex.list == nil {
                try source.checkRecords(
                    header.vertex.count, of: header.vertex.size, from: start, "points")
            }
        }
        self.start = start
    }

    /// Vertices that were not given yet.
    var left: Int { header.vertex.count - given }

    /// The columns of some properties of the next `size` vertices.
    ///
    /// - Parameters:
    ///   - used: Positions of properties, rising.
    ///   - each: Told the line of each vertex of an ascii file and its fields.
    mutating func columns(
        _ used: [Int], _ size: Int,
        each: (_ line: ArraySlice<UInt8>, _ field: [Range<Int>], _ ending: LineReader.Ending) ->
            Void = {
                _, _, _ in
            }
    ) throws(InputError) -> (columns: [[Double]], records: [UInt8]) {
        defer { given += size }
        return try header.form == .ascii
            ? (readLines(used, size, each), []) : readRecords(used, size)
    }

    /// The columns that are used, of the next `size` vertices of an ascii file.
    private mutating func readLines(
        _ used: [Int], _ size: Int,
        _ each: (_ line: ArraySlice<UInt8>, _ field: [Range<Int>], _ ending: LineReader.Ending) ->
            Void
    ) throws(InputError) -> [[Double]] {
        var values = [[Double]](repeating: [], count: used.count)
        for column in values.indices { values[column].reserveCapacity(size) }
        let properties = header.vertex.properties
        var ranges: [Range<Int>] = []
        for point in 0..<size {
            guard let line = try lines.next() else {
                throw source.error(
                    "the file ends after \(given + point) of "
                        + "\(header.vertex.count) points; it is cut short: fetch it again")
            }
            var fields = Fields(line)
            var column = 0
            ranges.removeAll(keepingCapacity: true)
            for property in properties.indices {
                guard let field = fields.next() else {
                    throw lines.error(nil, expected: "\(properties.count) numbers a point")
                }
                ranges.append(field.startIndex..<field.endIndex)
                guard column < used.count, used[column] == property else { continue }
                guard let value = DecimalNumber.double(field) else {
                    throw lines.error(field, expected: "a number for \(properties[property].name)")
                }
                values[column].append(value)
                column += 1
            }
            if let extra = fields.next() {
                throw lines.error(extra, expected: "\(properties.count) numbers a point")
            }
            each(line, ranges, lines.ending)
        }
        return values
    }

    /// The columns that are used, of the next `size` vertices of a binary file, and their bytes.
    private func readRecords(
        _ used: [Int], _ size: Int
    ) throws(InputError) -> (columns: [[Double]], records: [UInt8]) {
        let vertex = header.vertex
        let numbers = ByteNumbers(
            bytes: try source.read(
                start + given * vertex.size, size * vertex.size, of: "points from \(given)"),
            isBigEndian: header.form == .bigEndian)
        let columns = used.map { property in
            numbers.column(
                vertex.properties[property].scalar, from: vertex.offset(of: property),
                step: vertex.size, count: size)
        }
        return (columns, numbers.bytes)
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
