// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// A PLY file written anew with other classes: its format, every other property, element and
/// comment are kept, the text of an ascii file byte for byte.
///
/// A class that it lacks, and probabilities, become properties behind the others.
struct PLYCopy {
    private let source: PointSource
    private let vertices: PLYVertices
    private let columns: PLYColumns
    /// The property that is written over; nil where one is added.
    private let label: Int?
    private let classes: Int
    private let head: [UInt8]

    /// Checks that the classes fit the file.
    init(
        _ source: PointSource, _ codes: [Int32], _ probabilities: [String],
        _ reading: PointReading
    ) throws(InputError) {
        self.source = source
        columns = try PLYColumns(try PLYHeader(source).vertex, source, reading.only([]))
        vertices = try PLYVertices(source)
        let vertex = vertices.header.vertex
        label = PLYColumns.label(vertex, reading)
        classes = probabilities.count
        var lines: [String] = []
        if let label {
            let property = vertex.properties[label]
            let holds = property.scalar.wholes
            if let code = codes.first(where: { !holds.contains(Int64($0)) }) {
                throw source.error(
                    "the property \(property.name) holds whole numbers from \(holds.lowerBound) to "
                        + "\(holds.upperBound), but the run writes the class \(code); give the "
                        + "property a wider type, or leave it out of the file")
            }
        } else {
            lines.append("property int \(reading.label ?? "label")")
        }
        let names = Set(vertex.properties.map(\.name))
        for name in PointFile.probabilityNames(probabilities) {
            guard !names.contains(name.field) else {
                throw source.error(
                    "has the property \(name.field) already; predict the original, or leave "
                        + "--probabilities out")
            }
            lines.append("property float \(name.field)")
        }
        let place = vertices.header.propertiesEnd
        var head = try source.read(0, vertices.start, of: "what lies before the points")
        // The ending of the line before, so that all lines end alike.
        let hasReturn = place >= 2 && head[place - 2] == 0x0D
        head.insert(
            contentsOf: lines.flatMap { Array($0.utf8) + (hasReturn ? [0x0D, 0x0A] : [0x0A]) },
            at: place)
        self.head = head
    }

    /// Writes the file.
    func write(_ handle: FileHandle, _ predict: CloudCopy.Predict) throws {
        try handle.write(contentsOf: Data(head))
        var vertices = vertices
        var first = 0
        let end: Int
        if vertices.header.form == .ascii {
            while vertices.left > 0 { try copyLines(&vertices, &first, handle, predict) }
            end = source.count - vertices.lines.remaining
        } else {
            while vertices.left > 0 { try copyRecords(&vertices, &first, handle, predict) }
            end = vertices.start + vertices.header.vertex.count * vertices.header.vertex.size
        }
        try handle.copy(end..<max(end, source.count), of: source)
    }

    private func found(
        _ values: [[Double]], _ first: Int, _ predict: CloudCopy.Predict
    ) throws -> PointPrediction {
        let positions = try columns.positions(values, from: first, source)
        let found = try predict(positions)
        precondition(
            found.codes.count == positions.count
                && found.probabilities.count == positions.count * classes,
            "\(found.codes.count) classes of \(positions.count) points")
        return found
    }

    private func copyLines(
        _ vertices: inout PLYVertices, _ first: inout Int, _ handle: FileHandle,
        _ predict: CloudCopy.Predict
    ) throws {
        let size = min(PointFile.blockSize, vertices.left)
        // The text of all lines, and where in it the class goes: over a field, or behind the last.
        var text: [UInt8] = [], places: [Range<Int>] = []
        let values = try vertices.columns(columns.used, size) { line, fields, ending in
            let shift = text.count - line.startIndex
            let field = fields[label ?? fields.count - 1]
            let last = fields[fields.count - 1].upperBound
            let place = label == nil ? last..<last : field
            places.append(place.lowerBound + shift..<place.upperBound + shift)
            places.append(last + shift..<last + shift)
            text += line
            text += ending.bytes
        }.columns
        let found = try found(values, first, predict)
        var output: [UInt8] = []
        output.reserveCapacity(text.count + size * (4 + 10 * classes))
        var position = 0
        for point in 0..<size {
            let place = places[2 * point], last = places[2 * point + 1]
            output += text[position..<place.lowerBound]
            if label == nil { output.append(0x20) }
            output += Array("\(found.codes[point])".utf8)
            output += text[place.upperBound..<last.lowerBound]
            for label in 0..<classes {
                output += Array(" \(found.probabilities[point * classes + label])".utf8)
            }
            position = last.lowerBound
        }
        output += text[position...]
        try handle.write(contentsOf: Data(output))
        first += size
    }

    private func copyRecords(
        _ vertices: inout PLYVertices, _ first: inout Int, _ handle: FileHandle,
        _ predict: CloudCopy.Predict
    ) throws {
        let vertex = vertices.header.vertex
        let size = min(PointFile.blockSize, vertices.left)
        let (values, records) = try vertices.columns(columns.used, size)
        let found = try found(values, first, predict)
        let isBig = vertices.header.form == .bigEndian
        var output: [UInt8] = []
        output.reserveCapacity(size * (vertex.size + 4 + 4 * classes))
        let place = label.map { vertex.offset(of: $0) }
        for point in 0..<size {
            let start = output.count
            output += records[point * vertex.size..<(point + 1) * vertex.size]
            if let label, let place {
                let bytes = vertex.properties[label].scalar.bytes(found.codes[point], isBig)
                output.replaceSubrange(start + place..<start + place + bytes.count, with: bytes)
            } else {
                output += PLYHeader.Scalar.int32.bytes(found.codes[point], isBig)
            }
            for label in 0..<classes {
                let bits = found.probabilities[point * classes + label].bitPattern
                output.append(number: isBig ? bits.byteSwapped : bits)
            }
        }
        try handle.write(contentsOf: Data(output))
        first += size
    }
}

extension PLYHeader.Scalar {
    /// A whole number that it holds, in either byte order.
    fileprivate func bytes(_ value: Int32, _ isBigEndian: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .int8, .uint8: bytes.append(UInt8(truncatingIfNeeded: value))
        case .int16, .uint16: bytes.append(number: UInt16(truncatingIfNeeded: value))
        case .int32, .uint32: bytes.append(number: value)
        case .float32: bytes.append(number: Float(value))
        case .float64: bytes.append(number: Double(value))
        }
        return isBigEndian ? bytes.reversed() : bytes
    }
}
