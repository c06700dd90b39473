// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Reads JSON (RFC 8259) value by value, without a tree: a file of a gigabyte needs its own size.
///
/// NaN and Infinity, which some writers emit, are seen as ``Kind/notFinite`` so that the entry
/// that holds one can be named. Each value function expects to stand at the value.
struct JSONScanner {
    /// What a value is, by its first byte.
    enum Kind: String {
        case object = "an object"
        case array = "a list"
        case string = "a text"
        case number = "a number"
        case boolean = "true or false"
        case null
        case notFinite = "NaN or Infinity"
        case nothing
    }

    /// COCO files nest 5 levels deep; the limit keeps recursion far from the stack's end.
    static let maximumDepth = 64

    /// The text and a final 0, which no rule accepts, so that looking one byte ahead is safe.
    private let bytes: [UInt8]
    private let name: String
    private var position = 0
    private var depth = 0
    /// Whether a list or object has been opened and nothing read from it.
    private var isFresh = false

    /// - Parameters:
    ///   - bytes: The text and a final 0.
    ///   - name: The file's name for messages.
    init(terminated bytes: [UInt8], name: String) {
        precondition(bytes.last == 0, "JSON text without a final 0")
        self.bytes = bytes
        self.name = name
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
    }

    /// Reads a file of at most 8 GiB.
    init(path: String, expected: String) throws(DetectionError) {
        try self.init(
            terminated: DetectionFile.read(
                path, expected: expected, limit: 8 << 30, terminator: [0]),
            name: path)
    }

    /// What stands here.
    var kind: Kind {
        switch bytes[position] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case UInt8(ascii: "-"): bytes[position + 1] == UInt8(ascii: "I") ? .notFinite : .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): .notFinite
        default: .nothing
        }
    }

    /// Enters an object ("{") or a list ("[").
    mutating func open(_ bracket: Unicode.Scalar) throws(DetectionError) {
        guard take(UInt8(ascii: bracket)) else {
            throw failure("found \(here); expected \"\(bracket)\"")
        }
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw failure("lists or objects nested deeper than \(Self.maximumDepth); expected less")
        }
        isFresh = true
    }

    /// The name of the next member, standing at its value; nil at the object's end.
    mutating func nextName() throws(DetectionError) -> String? {
        guard try next(before: "}") else { return nil }
        guard bytes[position] == UInt8(ascii: "\"") else {
            throw failure("found \(here); expected a name in quotes")
        }
        let member = try string()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw failure("found \(here); expected \":\"") }
        skipSpace()
        return member
    }

    /// Whether a list has another item, standing at it.
    mutating func nextItem() throws(DetectionError) -> Bool { try next(before: "]") }

    private mutating func next(before bracket: Unicode.Scalar) throws(DetectionError) -> Bool {
        skipSpace()
        let isFirst = isFresh
        isFresh = false
        if take(UInt8(ascii: bracket)) {
            depth -= 1
            return false
        }
        if !isFirst {
            guard take(UInt8(ascii: ",")) else {
                throw failure("found \(here); expected \",\" or \"\(bracket)\"")
            }
            skipSpace()
        }
        return true
    }

    /// Nothing may follow the one value of the text.
    mutating func end() throws(DetectionError) {
        skipSpace()
        guard position == bytes.count - 1 else {
            throw failure("found \(here) after the end of the value; expected nothing more")
        }
    }

    /// A number; infinite where it is beyond double precision.
    mutating func number() throws(DetectionError) -> Double {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        var mantissa: UInt64 = 0, digitCount = 0, exponent = 0
        if !take(UInt8(ascii: "0")) { try digits(&mantissa, &digitCount) }
        if take(UInt8(ascii: ".")) {
            let whole = digitCount
            try digits(&mantissa, &digitCount)
            exponent = whole - digitCount
        }
        var isPlain = true
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            var ignored: UInt64 = 0, count = 0
            try digits(&ignored, &count)
            isPlain = false
        }
        // Both are exact, so that one division rounds once (Clinger 1990).
        if isPlain, digitCount < 19, mantissa < 1 << 53, exponent >= -22 {
            let value = Double(mantissa) / Self.powersOfTen[-exponent]
            return isNegative ? -value : value
        }
        // The grammar has been checked and the text ends with 0: strtod stops at `position`.
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { strtod($0 + start, nil) } ?? .nan
            }
        }
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private mutating func digits(
        _ value: inout UInt64, _ count: inout Int
    ) throws(DetectionError) {
        let start = position
        while true {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            // Beyond 19 digits the value wraps and isn't used.
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        count += position - start
        guard position > start else { throw failure("found \(here); expected a digit") }
    }

    /// A text.
    mutating func string() throws(DetectionError) -> String {
        guard take(UInt8(ascii: "\"")) else { throw failure("found \(here); expected a text") }
        let start = position
        while bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
            bytes[position] != UInt8(ascii: "\\")
        {
            position += 1
        }
        if bytes[position] == UInt8(ascii: "\"") {
            position += 1
            return try text(bytes[start..<position - 1])
        }
        // Escapes, or an error.
        var unescaped = Array(bytes[start..<position])
        while true {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return try text(unescaped[...])
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &unescaped)
            case 0..<0x20:
                throw failure("found \(here) inside a text; expected a closing quote")
            default:
                unescaped.append(bytes[position])
                position += 1
            }
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(DetectionError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("found text that is not UTF-8; expected UTF-8")
        }
        return text
    }

    /// What the one-letter escapes stand for.
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    private mutating func escape(into text: inout [UInt8]) throws(DetectionError) {
        if let plain = Self.escapes[bytes[position]] {
            text.append(plain)
            position += 1
            return
        }
        guard take(UInt8(ascii: "u")) else {
            throw failure("found \(here) after \"\\\"; expected an escape")
        }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")) {
            guard take(UInt8(ascii: "u")) else {
                throw failure("found half of a surrogate pair; expected both halves")
            }
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else {
                throw failure("found half of a surrogate pair; expected both halves")
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw failure("found half of a surrogate pair; expected both halves")
        }
        text.append(contentsOf: Array(String(Character(scalar)).utf8))
    }

    private mutating func hexadecimal() throws(DetectionError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure("found \(here); expected four hexadecimal digits after \\u")
            }
            code = code << 4 + UInt32(digit)
            position += 1
        }
        return code
    }

    /// True or false.
    mutating func boolean() throws(DetectionError) -> Bool {
        if skip("true") { return true }
        guard skip("false") else { throw failure("found \(here); expected true or false") }
        return false
    }

    /// Moves past a value of any kind.
    mutating func skipValue() throws(DetectionError) {
        switch kind {
        case .object:
            try open("{")
            while try nextName() != nil { try skipValue() }
        case .array:
            try open("[")
            while try nextItem() { try skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .boolean: _ = try boolean()
        case .null:
            guard skip("null") else { throw failure("found \(here); expected null") }
        case .notFinite:
            _ = take(UInt8(ascii: "-"))
            guard skip("NaN") || skip("Infinity") else {
                throw failure("found \(here); expected a JSON value")
            }
        case .nothing: throw failure("found \(here); expected a JSON value")
        }
    }

    private mutating func skipSpace() {
        while true {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                position += 1
            default: return
            }
        }
    }

    /// Moves past `byte` where it stands here.
    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Moves past `word` where it stands here.
    private mutating func skip(_ word: StaticString) -> Bool {
        guard bytes.count - position > word.utf8CodeUnitCount else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where bytes[position + offset] != word.utf8Start[offset] {
            return false
        }
        position += word.utf8CodeUnitCount
        return true
    }

    /// The character at the position, for messages.
    private var here: String {
        guard position < bytes.count - 1 else { return "the end of the file" }
        let byte = bytes[position]
        return (0x20..<0x7F).contains(byte)
            ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(byte)"
    }

    /// Line of the position, from 1.
    var line: Int {
        1 + bytes[..<position].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    }

    /// An error at this place.
    func failure(_ message: String) -> DetectionError {
        DetectionError("\(name): line \(line): \(message)")
    }
}
