// SPDX-License-Identifier: Apache-2.0
import Files

/// Reads the Python literal that is a header from bytes, one token at a time, without recursion.
///
/// It accepts the few shapes a header can have and nothing else, so that depth and size of a
/// hostile header cost nothing.
struct HeaderScanner {
    private let bytes: [UInt8]
    private(set) var position = 0
    private let source: ByteSource
    private let what: String

    /// - Parameter what: what the header is called in messages.
    init(_ bytes: [UInt8], source: ByteSource, what: String) {
        self.bytes = bytes
        self.source = source
        self.what = what
    }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    /// Skips white space and takes the character if it is next.
    mutating func take(_ character: Character) -> Bool {
        skipSpace()
        guard let byte = next, byte == character.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Character) throws(InputError) {
        guard take(character) else { throw unexpected("'\(character)'") }
    }

    /// Takes a bare word such as `True`.
    mutating func word() -> String {
        skipSpace()
        let start = position
        while let byte = next, isLetter(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A non-negative decimal integer that fits `Int`; no sign, fraction or exponent.
    mutating func integer() throws(InputError) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let byte = next, (0x30...0x39).contains(byte) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
            guard !overflow && !carry else { throw unexpected("a number below 2^63") }
            value = sum
            position += 1
        }
        guard position > start else { throw unexpected("a non-negative integer") }
        guard bytes[start] != 0x30 || position == start + 1 else {
            position = start
            throw unexpected("a number without leading zeros")
        }
        if let byte = next, isLetter(byte) || byte == 0x2E { throw unexpected("a whole number") }
        return value
    }

    /// A Python string without escapes, in single or double quotes.
    mutating func quoted() throws(InputError) -> String {
        skipSpace()
        guard let quote = next, quote == 0x27 || quote == 0x22 else {
            throw unexpected("a string in quotes")
        }
        position += 1
        let start = position
        while let byte = next, byte != quote {
            guard byte != 0x5C && byte >= 0x20 else { throw unexpected("a plain string") }
            position += 1
        }
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw source.error("the \(what) is not valid UTF-8; the file is damaged")
        }
        guard next == quote else { throw unexpected("the end of a string") }
        position += 1
        return text
    }

    /// What was expected at the current place.
    func unexpected(_ expected: String) -> InputError {
        let found: String
        switch next {
        case nil: found = "its end"
        case .some(let byte) where (0x21...0x7E).contains(byte):
            found = "'\(Character(UnicodeScalar(byte)))'"
        case .some(let byte): found = "byte \(byte)"
        }
        return source.error(
            "the \(what) has \(found) at byte \(position) where \(expected) was expected; "
                + "the file is damaged or of another format")
    }

    private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
