// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Reads JSON (RFC 8259) value by value, without a tree: a file of a gigabyte needs its own size.
///
/// NaN and Infinity, which some writers emit, are seen as ``Kind/notFinite`` so that the entry
/// that holds one can be named. Each value function expects to stand at the value.
package struct JSONScanner {
    /// What a value is, by its first byte.
    package enum Kind: String {
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

    private var source: ByteScanner
    private var depth = 0
    /// Whether a list or object has been opened and nothing read from it.
    private var isFresh = false

    /// - Parameters:
    ///   - bytes: The text and a final 0.
    ///   - name: The file's name for messages.
    package init(terminated bytes: [UInt8], name: String) {
        source = ByteScanner(terminated: bytes, name: name)
        source.skipSpace()
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - expected: What it should be, such as "a COCO JSON file".
    ///   - limit: The most bytes that are read.
    package init(
        path: String, expected: String, limit: Int = 8 << 30
    ) throws(InputError) {
        try self.init(
            terminated: TextFile.read(path, expected: expected, limit: limit, terminator: [0]),
            name: path)
    }

    /// What stands here.
    package var kind: Kind {
        switch source.next {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case UInt8(ascii: "-"):
            source.bytes[source.position + 1] == UInt8(ascii: "I") ? .notFinite : .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): .notFinite
        default: .nothing
        }
    }

    /// Enters an object ("{") or a list ("[").
    package mutating func open(_ bracket: Unicode.Scalar) throws(InputError) {
        guard source.take(bracket) else {
            throw failure("found \(source.here); expected \"\(bracket)\"")
        }
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw failure("lists or objects nested deeper than \(Self.maximumDepth); expected less")
        }
        isFresh = true
    }

    /// The name of the next member, standing at its value; nil at the object's end.
    package mutating func nextName() throws(InputError) -> String? {
        guard try next(before: "}") else { return nil }
        guard source.next == UInt8(ascii: "\"") else {
            throw failure("found \(source.here); expected a name in quotes")
        }
        let member = try string()
        source.skipSpace()
        guard source.take(":") else { throw failure("found \(source.here); expected \":\"") }
        source.skipSpace()
        return member
    }

    /// Whether a list has another item, standing at it.
    package mutating func nextItem() throws(InputError) -> Bool { try next(before: "]") }

    private mutating func next(before bracket: Unicode.Scalar) throws(InputError) -> Bool {
        source.skipSpace()
        let isFirst = isFresh
        isFresh = false
        if source.take(bracket) {
            depth -= 1
            return false
        }
        if !isFirst {
            guard source.take(",") else {
                throw failure("found \(source.here); expected \",\" or \"\(bracket)\"")
            }
            source.skipSpace()
        }
        return true
    }

    /// Nothing may follow the one value of the text.
    package mutating func end() throws(InputError) {
        source.skipSpace()
        guard source.isAtEnd else {
            throw failure("found \(source.here) after the end of the value; expected nothing more")
        }
    }

    /// A number; infinite where it is beyond double precision.
    package mutating func number() throws(InputError) -> Double {
        let start = source.position
        let isNegative = source.take("-")
        var mantissa: UInt64 = 0, digitCount = 0, exponent = 0
        if !source.take("0") { try digits(&mantissa, &digitCount) }
        if source.take(".") {
            let whole = digitCount
            try digits(&mantissa, &digitCount)
            exponent = whole - digitCount
        }
        var isPlain = true
        if source.take("e") || source.take("E") {
            if !source.take("+") { _ = source.take("-") }
            var ignored: UInt64 = 0, count = 0
            try digits(&ignored, &count)
            isPlain = false
        }
        if isPlain, digitCount < 19, let value = DecimalNumber.exact(mantissa, exponent: exponent) {
            return isNegative ? -value : value
        }
        // The grammar has been checked and the text ends with 0: strtod stops at `source.position`.
        return unsafe source.bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { text in
                unsafe text.baseAddress.map { unsafe strtod($0 + start, nil) } ?? .nan
            }
        }
    }

    private mutating func digits(
        _ value: inout UInt64, _ count: inout Int
    ) throws(InputError) {
        let start = source.position
        while true {
            let digit = source.next &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            // Beyond 19 digits the value wraps and isn't used.
            value = value &* 10 &+ UInt64(digit)
            source.position += 1
        }
        count += source.position - start
        guard source.position > start else {
            throw failure("found \(source.here); expected a digit")
        }
    }

    /// What a number is as a whole one.
    package enum Whole: Equatable {
        /// Exactly this.
        case number(Int)
        /// Whole, but beyond what `Int` holds: its digits.
        case large(String)
        /// Not whole, or not known exactly.
        case other(Double)
    }

    /// A number that should be whole, every digit kept.
    package mutating func whole() throws(InputError) -> Whole {
        let start = source.position
        let value = try number()
        let token = source.bytes[start..<source.position]
        let digits = token.drop { $0 == UInt8(ascii: "-") }
        guard digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            // 1.0 and 1e3 are whole too; beyond 2^53 doubles are not exact.
            let isExact = value == value.rounded() && abs(value) < 0x1p53
            return isExact ? .number(Int(value)) : .other(value)
        }
        // No id has a thousand digits.
        guard digits.count <= 1000 else { return .other(value) }
        let text = String(decoding: token, as: UTF8.self)
        return Int(text).map(Whole.number) ?? .large(text)
    }

    /// NaN, Infinity or -Infinity, standing at one.
    package mutating func notFinite() throws(InputError) -> Double {
        let isNegative = source.take("-")
        if source.skip("NaN") { return .nan }
        guard source.skip("Infinity") else {
            throw failure("found \(source.here); expected a JSON value")
        }
        return isNegative ? -.infinity : .infinity
    }

    /// A text.
    package mutating func string() throws(InputError) -> String {
        guard source.take("\"") else { throw failure("found \(source.here); expected a text") }
        let start = source.position
        while source.next >= 0x20, source.next != UInt8(ascii: "\""),
            source.next != UInt8(ascii: "\\")
        {
            source.position += 1
        }
        if source.next == UInt8(ascii: "\"") {
            source.position += 1
            return try source.text(source.bytes[start..<source.position - 1])
        }
        // Escapes, or an error.
        var unescaped = Array(source.bytes[start..<source.position])
        while true {
            switch source.next {
            case UInt8(ascii: "\""):
                source.position += 1
                return try source.text(unescaped[...])
            case UInt8(ascii: "\\"):
                source.position += 1
                try escape(into: &unescaped)
            case 0..<0x20:
                throw failure("found \(source.here) inside a text; expected a closing quote")
            default:
                unescaped.append(source.next)
                source.position += 1
            }
        }
    }

    /// What the one-letter escapes stand for.
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    private mutating func escape(into text: inout [UInt8]) throws(InputError) {
        if let plain = Self.escapes[source.next] {
            text.append(plain)
            source.position += 1
            return
        }
        guard source.take("u") else {
            throw failure("found \(source.here) after \"\\\"; expected an escape")
        }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), source.take("\\") {
            guard source.take("u") else {
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

    private mutating func hexadecimal() throws(InputError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = source.digit else {
                throw failure("found \(source.here); expected four hexadecimal digits after \\u")
            }
            code = code << 4 + UInt32(digit)
            source.position += 1
        }
        return code
    }

    /// True or false.
    package mutating func boolean() throws(InputError) -> Bool {
        if source.skip("true") { return true }
        guard source.skip("false") else {
            throw failure("found \(source.here); expected true or false")
        }
        return false
    }

    /// Moves past a value of any kind.
    package mutating func skipValue() throws(InputError) {
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
            guard source.skip("null") else { throw failure("found \(source.here); expected null") }
        case .notFinite: _ = try notFinite()
        case .nothing: throw failure("found \(source.here); expected a JSON value")
        }
    }

    /// Line of the source.position, from 1.
    package mutating func line() -> Int { source.line() }

    /// The character at the source.position, for messages.
    package var here: String { source.here }

    /// An error at this place.
    package func failure(_ message: String) -> InputError { source.failure(message) }
}
