// SPDX-License-Identifier: Apache-2.0
import Files

/// The header of a PLY file (Turk, 1994).
struct PLYHeader: Sendable {
    enum Form: Sendable { case ascii, littleEndian, bigEndian }

    /// The type of a scalar.
    enum Scalar: Sendable {
        case int8, uint8, int16, uint16, int32, uint32, float32, float64

        init?(_ name: Substring) {
            switch name {
            case "char", "int8": self = .int8
            case "uchar", "uint8": self = .uint8
            case "short", "int16": self = .int16
            case "ushort", "uint16": self = .uint16
            case "int", "int32": self = .int32
            case "uint", "uint32": self = .uint32
            case "float", "float32": self = .float32
            case "double", "float64": self = .float64
            default: return nil
            }
        }

        var isReal: Bool { self == .float32 || self == .float64 }

        /// Whole numbers that it holds exactly.
        var wholes: ClosedRange<Int64> {
            switch self {
            case .int8: -128...127
            case .uint8: 0...255
            case .int16: -32768...32767
            case .uint16: 0...65535
            case .int32: Int64(Int32.min)...Int64(Int32.max)
            case .uint32: 0...Int64(UInt32.max)
            case .float32: -(1 << 24)...1 << 24
            case .float64: -(1 << 53)...1 << 53
            }
        }

        var size: Int {
            switch self {
            case .int8, .uint8: 1
            case .int16, .uint16: 2
            case .int32, .uint32, .float32: 4
            case .float64: 8
            }
        }
    }

    struct Property: Sendable {
        let name: String
        let scalar: Scalar
        let isList: Bool
    }

    struct Element: Sendable {
        let name: String
        let count: Int
        var properties: [Property] = []
        /// Where a property lies in one of a binary file.
        func offset(of property: Int) -> Int {
            properties[..<property].reduce(0) { $0 + $1.scalar.size }
        }
        /// Bytes of one in a binary file, where it has no lists.
        var size: Int { properties.reduce(0) { $0 + $1.scalar.size } }
        /// The first property that is a list.
        var list: Property? { properties.first { $0.isList } }
    }

    let form: Form
    /// The elements before the vertices.
    let before: [Element]
    let vertex: Element
    /// Where the header ends.
    let length: Int
    /// The number of its lines.
    let lines: Int
    /// Where the last line of the vertices' properties ends.
    let propertiesEnd: Int

    private static let longest = 1 << 18

    static func isPLY(_ start: [UInt8]) -> Bool {
        start.starts(with: Array("ply\n".utf8)) || start.starts(with: Array("ply\r\n".utf8))
    }

    init(_ source: PointSource) throws(InputError) {
        let bytes = try source.prefix(PLYHeader.longest)
        var reader = LineReader(PointSource(bytes: bytes, path: source.path))
        _ = try reader.next()
        var form: Form?
        var elements: [Element] = []
        var ends: [Int] = []
        while true {
            guard let line = try reader.next() else {
                throw source.error(
                    "no end_header in the first \(bytes.count) bytes; the PLY file is cut short")
            }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            switch words.first {
            case nil, "comment", "obj_info": continue
            case "format": form = try PLYHeader.form(words, reader)
            case "element":
                guard elements.count < 64, words.count == 3, let count = Int(words[2]), count >= 0
                else { throw reader.error(line, expected: "element NAME COUNT") }
                elements.append(Element(name: String(words[1]), count: count))
                ends.append(bytes.count - reader.remaining)
            case "property":
                guard let last = elements.indices.last, elements[last].properties.count < 1024,
                    let property = PLYHeader.property(words)
                else { throw reader.error(line, expected: "property TYPE NAME in an element") }
                elements[last].properties.append(property)
                ends[last] = bytes.count - reader.remaining
            case "end_header":
                guard let form else { throw source.error("the PLY header has no format line") }
                self.form = form
                length = bytes.count - reader.remaining
                lines = reader.number
                guard let place = elements.firstIndex(where: { $0.name == "vertex" }) else {
                    throw source.error("no element vertex in the PLY header; it holds no points")
                }
                before = Array(elements[..<place])
                vertex = elements[place]
                propertiesEnd = ends[place]
                return
            default: throw reader.error(line, expected: "format, element, property or end_header")
            }
        }
    }

    private static func form(
        _ words: [Substring], _ reader: LineReader
    ) throws(InputError) -> Form {
        switch words.dropFirst().first {
        case "ascii": .ascii
        case "binary_little_endian": .littleEndian
        case "binary_big_endian": .bigEndian
        default:
            throw reader.error(
                "the PLY format is none of ascii, binary_little_endian and binary_big_endian")
        }
    }

    private static func property(_ words: [Substring]) -> Property? {
        if words.count == 5, words[1] == "list", Scalar(words[2]) != nil,
            let item = Scalar(words[3])
        {
            return Property(name: String(words[4]), scalar: item, isList: true)
        }
        guard words.count == 3, let scalar = Scalar(words[1]) else { return nil }
        return Property(name: String(words[2]), scalar: scalar, isList: false)
    }
}
