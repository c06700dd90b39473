// SPDX-License-Identifier: Apache-2.0
import Files

/// A place in a text of bytes: what the scanners of JSON and XML share.
struct ByteScanner {
    /// The text and a final 0, which no rule accepts, so that looking one byte ahead is safe.
    let bytes: [UInt8]
    /// The file's name for messages.
    let name: String
    /// The byte that comes next.
    var position = 0
    /// A place with the number of its line: counting goes on from there.
    private var counted = (position: 0, line: 1)

    /// Stands behind a byte order mark where there is one.
    init(terminated bytes: [UInt8], name: String) {
        precondition(bytes.last == 0, "text without a final 0")
        self.bytes = bytes
        self.name = name
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The byte that comes next; 0 at the end.
    @inline(__always)
    var next: UInt8 { bytes[position] }

    /// Whether the whole text has been read.
    var isAtEnd: Bool { position >= bytes.count - 1 }

    /// Moves past blanks and line ends.
    mutating func skipSpace() {
        while true {
            switch bytes[position] {
            case 0x20, 0x0A, 0x09, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Moves past `byte` where it stands here.
    @inline(__always)
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard bytes[position] == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// Moves past `word` where it stands here.
    mutating func skip(_ word: StaticString) -> Bool {
        guard bytes.count - position > word.utf8CodeUnitCount else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where unsafe bytes[position + offset] != word.utf8Start[offset] {
            return false
        }
        position += word.utf8CodeUnitCount
        return true
    }

    /// Bytes as text.
    func text(_ bytes: ArraySlice<UInt8>) throws(InputError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("found text that is not UTF-8; expected UTF-8")
        }
        return text
    }

    /// The value of the hexadecimal or decimal digit that comes next.
    var digit: Int? { Character(Unicode.Scalar(bytes[position])).hexDigitValue }

    /// The character at the position, for messages.
    var here: String {
        guard !isAtEnd else { return "the end of the file" }
        let byte = bytes[position]
        return (0x20..<0x7F).contains(byte)
            ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(byte)"
    }

    /// Line of the position, from 1; asked for at rising positions it costs one pass in all.
    mutating func line() -> Int {
        counted = (position, lineHere)
        return counted.line
    }

    private var lineHere: Int {
        let isAhead = position >= counted.position
        let start = isAhead ? counted : (position: 0, line: 1)
        return bytes[start.position..<position].reduce(start.line) { $0 + ($1 == 0x0A ? 1 : 0) }
    }

    /// An error at this place.
    func failure(_ message: String) -> InputError {
        InputError("\(name): line \(lineHere): \(message)")
    }
}
