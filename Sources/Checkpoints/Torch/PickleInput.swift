// SPDX-License-Identifier: Apache-2.0
import Files

/// The bytes of a pickle, taken from the front with every length checked.
struct PickleInput {
    private let bytes: [UInt8]
    /// Where the next byte is.
    private(set) var position: Int
    let source: ByteSource

    /// - Precondition: `position` lies inside the bytes or at their end.
    init(_ bytes: [UInt8], _ source: ByteSource, at position: Int) {
        self.bytes = bytes
        self.position = position
        self.source = source
    }

    mutating func byte() throws(InputError) -> UInt8 {
        guard position < bytes.count else { throw error("its end") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number<T: FixedWidthInteger>(as _: T.Type) throws(InputError) -> T {
        let size = MemoryLayout<T>.size
        try check(size)
        defer { position += size }
        return bytes.littleEndian(position)
    }

    mutating func take(_ count: Int) throws(InputError) -> ArraySlice<UInt8> {
        try check(count)
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(InputError) {
        try check(count)
        position += count
    }

    mutating func text(_ count: Int) throws(InputError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw error("a string that is not valid UTF-8")
        }
        return text
    }

    /// A text up to a line feed, which is taken too; at most 4 KiB.
    mutating func line() throws(InputError) -> String {
        let window = bytes[position...].prefix(4096)
        guard let end = window.firstIndex(of: 0x0A) else { throw error("a name without an end") }
        let text = try text(end - position)
        position += 1
        return text
    }

    func error(_ found: String) -> InputError {
        source.error(
            "the pickle has \(found) at byte \(position); the file is damaged or is not a "
                + "state dict")
    }

    private func check(_ count: Int) throws(InputError) {
        guard count >= 0, count <= bytes.count - position else {
            throw error("a length of \(count) where \(bytes.count - position) bytes are left")
        }
    }
}
