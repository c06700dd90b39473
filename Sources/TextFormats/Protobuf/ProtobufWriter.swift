// SPDX-License-Identifier: Apache-2.0

/// A Protocol Buffers message in its wire format, field by field in the order of the calls.
package struct ProtobufWriter {
    /// The encoded bytes.
    package private(set) var bytes: [UInt8] = []

    /// An empty message.
    package init() {}

    /// Wire types of the format.
    private enum Wire: UInt64 {
        case variable = 0, eightBytes = 1, counted = 2, fourBytes = 5
    }

    /// An integer or an enumeration's number; negative ones take ten bytes, as int64 does.
    package mutating func add(_ field: Int, _ value: Int) {
        begin(field, .variable)
        variable(UInt64(bitPattern: Int64(value)))
    }

    /// A double.
    package mutating func add(_ field: Int, _ value: Double) {
        begin(field, .eightBytes)
        fixed(value.bitPattern)
    }

    /// A float.
    package mutating func add(_ field: Int, _ value: Float) {
        begin(field, .fourBytes)
        fixed(value.bitPattern)
    }

    /// A text.
    package mutating func add(_ field: Int, _ text: String) {
        add(field, content: Array(text.utf8))
    }

    /// A message.
    package mutating func add(_ field: Int, _ message: ProtobufWriter) {
        add(field, content: message.bytes)
    }

    private mutating func add(_ field: Int, content: [UInt8]) {
        begin(field, .counted)
        variable(UInt64(content.count))
        bytes += content
    }

    private mutating func begin(_ field: Int, _ wire: Wire) {
        variable(UInt64(field) << 3 | wire.rawValue)
    }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes += $0 }
    }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
