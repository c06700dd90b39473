// SPDX-License-Identifier: Apache-2.0
package import Files

/// Walks the fields of one protocol-buffer message without a schema.
///
/// Nested messages are ranges of the same bytes, so that nothing is copied until a caller asks
/// for a field's contents. Varints end after 10 bytes, every length is checked against the
/// enclosing message.
package struct ProtobufReader {
    /// A field's contents by wire type.
    package enum Field {
        /// A whole number of any size.
        case varint(UInt64)
        /// Eight bytes.
        case fixed64(UInt64)
        /// Four bytes.
        case fixed32(UInt32)
        /// A string, bytes, packed numbers or a nested message: a range of the source.
        case bytes(Range<Int>)
    }

    /// How deep messages may nest.
    static let deepest = 16
    /// The bytes fetched at a time.
    private static let windowSize = 1 << 14

    private let source: ByteSource
    private let end: Int
    private let depth: Int
    /// Where the next field begins.
    package private(set) var position: Int
    private var window: [UInt8] = []
    private var windowStart = 0

    /// The message that is all of a source.
    package init(_ source: ByteSource) {
        self.init(source, 0..<source.count, depth: 0)
    }

    private init(_ source: ByteSource, _ range: Range<Int>, depth: Int) {
        self.source = source
        self.depth = depth
        position = range.lowerBound
        end = range.upperBound
    }

    /// A reader of a nested message.
    package func nested(_ range: Range<Int>) throws(InputError) -> ProtobufReader {
        guard depth < ProtobufReader.deepest else {
            throw source.error(
                "messages nest deeper than \(ProtobufReader.deepest); the file is damaged")
        }
        return ProtobufReader(source, range, depth: depth + 1)
    }

    /// The next field, or nil at the end of the message.
    package mutating func next() throws(InputError) -> (number: Int, field: Field)? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        guard key >> 3 >= 1, key >> 3 <= 0x1FFF_FFFF else {
            throw damaged("a field number out of range", start)
        }
        let field: Field
        switch key & 7 {
        case 0: field = .varint(try varint())
        case 1: field = .fixed64(try fixed())
        case 2: field = .bytes(try range(start))
        case 5: field = .fixed32(try fixed())
        default: throw damaged("the wire type \(key & 7), which is not in use", start)
        }
        return (Int(key >> 3), field)
    }

    /// The varints packed in a range; at most `limit` of them.
    package func packedVarints(
        _ range: Range<Int>, atMost limit: Int
    ) throws(InputError) -> [UInt64] {
        var reader = try nested(range)
        var result: [UInt64] = []
        while reader.position < reader.end {
            guard result.count < limit else {
                throw damaged("more than \(limit) numbers in one field", range.lowerBound)
            }
            result.append(try reader.varint())
        }
        return result
    }

    /// A text of at most 64 KiB.
    package func text(_ range: Range<Int>) throws(InputError) -> String {
        guard range.count <= 1 << 16 else {
            throw damaged("a name of \(range.count) bytes", range.lowerBound)
        }
        let bytes = try source.read(range.lowerBound, range.count, of: "a name")
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw damaged("a name that is not valid UTF-8", range.lowerBound)
        }
        return text
    }

    /// An error about what was found at a byte.
    package func damaged(_ found: String, _ position: Int) -> InputError {
        source.error("\(found) at byte \(position); this is not a model or it is damaged")
    }

    private mutating func range(_ start: Int) throws(InputError) -> Range<Int> {
        let length = try varint()
        guard length <= UInt64(end - position) else {
            throw damaged("a length of \(length) where \(end - position) bytes are left", start)
        }
        let range = position..<position + Int(length)
        position = range.upperBound
        return range
    }

    private mutating func varint() throws(InputError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        for index in 0..<10 {
            let byte = try byte()
            let bits = UInt64(byte & 0x7F)
            guard index < 9 || bits <= 1 else { break }
            value |= bits << UInt64(7 * index)
            if byte & 0x80 == 0 { return value }
        }
        throw damaged("a number above 64 bits", start)
    }

    private mutating func fixed<T: FixedWidthInteger>() throws(InputError) -> T {
        var value: T = 0
        for index in 0..<MemoryLayout<T>.size {
            value |= T(try byte()) << T(8 * index)
        }
        return value
    }

    private mutating func byte() throws(InputError) -> UInt8 {
        guard position < end else { throw damaged("the end of a message inside a field", position) }
        if position < windowStart || position >= windowStart + window.count {
            let count = min(ProtobufReader.windowSize, end - position)
            window = try source.read(position, count, of: "a message")
            windowStart = position
        }
        defer { position += 1 }
        return window[position - windowStart]
    }
}
