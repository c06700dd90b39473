// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A strict parser of RFC 8259: no comments, no NaN, no repeated names, no deep nesting.
struct ActivityNetJSONParser {
    /// ActivityNet files nest 5 levels deep; the limit keeps recursion far from the stack's end.
    static let maximumDepth = 64

    /// The text and a final 0, which no rule accepts, so that looking one byte ahead is safe.
    private let bytes: [UInt8]
    private let name: String
    private var position = 0
    private var line = 1

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes + [0]
        self.name = name
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The one value of the text.
    mutating func document() throws(ActivityNetError) -> ActivityNetJSON {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count - 1 else {
            throw failure("found \(here) after the end of the value; expected nothing more")
        }
        return value
    }

    private mutating func value(depth: Int) throws(ActivityNetError) -> ActivityNetJSON {
        skipSpace()
        let start = line
        guard depth < Self.maximumDepth else {
            throw failure(
                "lists or objects nested deeper than \(Self.maximumDepth); "
                    + "expected an ActivityNet file")
        }
        let kind: ActivityNetJSON.Kind
        switch bytes[position] {
        case UInt8(ascii: "{"): kind = .object(try members(depth: depth))
        case UInt8(ascii: "["): kind = .array(try items(depth: depth))
        case UInt8(ascii: "\""): kind = .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            kind = .number(try number())
        default:
            if skip("true") {
                kind = .boolean(true)
            } else if skip("false") {
                kind = .boolean(false)
            } else if skip("null") {
                kind = .null
            } else if skip("NaN") || skip("Infinity") {
                throw failure(
                    "found NaN or Infinity, which JSON does not have; expected a finite number")
            } else {
                throw failure("found \(here); expected a JSON value")
            }
        }
        return ActivityNetJSON(kind: kind, line: start)
    }

    private mutating func members(
        depth: Int
    ) throws(ActivityNetError) -> [(name: String, value: ActivityNetJSON)] {
        position += 1
        var result: [(name: String, value: ActivityNetJSON)] = []
        // Small objects are searched, large ones get a set.
        var names = Set<String>()
        skipSpace()
        if skip("}") { return result }
        while true {
            skipSpace()
            guard bytes[position] == UInt8(ascii: "\"") else {
                throw failure("found \(here); expected a name in quotes")
            }
            let member = try string()
            let isRepeated =
                result.count < 8
                ? result.contains { $0.name == member } : names.contains(member)
            guard !isRepeated else {
                throw failure(
                    "the name \(ActivityNetJSON.quoted(member)) occurs twice in one object; "
                        + "expected it once, remove one")
            }
            if result.count == 7 { names = Set(result.map(\.name)) }
            if result.count >= 7 { names.insert(member) }
            skipSpace()
            guard skip(":") else { throw failure("found \(here); expected \":\"") }
            result.append((member, try value(depth: depth + 1)))
            skipSpace()
            if skip("}") { return result }
            guard skip(",") else { throw failure("found \(here); expected \",\" or \"}\"") }
        }
    }

    private mutating func items(depth: Int) throws(ActivityNetError) -> [ActivityNetJSON] {
        position += 1
        var result: [ActivityNetJSON] = []
        skipSpace()
        if skip("]") { return result }
        while true {
            result.append(try value(depth: depth + 1))
            skipSpace()
            if skip("]") { return result }
            guard skip(",") else { throw failure("found \(here); expected \",\" or \"]\"") }
        }
    }

    private mutating func number() throws(ActivityNetError) -> Double {
        let start = position
        _ = skip("-")
        if !skip("0") { try digits() }
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        // The grammar has been checked and the text ends with 0: strtod stops at `position`.
        let value = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { strtod($0 + start, nil) } ?? .nan
            }
        }
        guard value.isFinite else {
            throw failure("found a number beyond the range of double precision; expected less")
        }
        return value
    }

    private mutating func digits() throws(ActivityNetError) {
        let start = position
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        guard position > start else {
            if skip("Infinity") {
                throw failure("found -Infinity, which JSON does not have; expected a number")
            }
            throw failure("found \(here); expected a digit")
        }
    }

    private mutating func string() throws(ActivityNetError) -> String {
        position += 1
        var text: [UInt8] = []
        while true {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw failure("found text that is not UTF-8; expected UTF-8")
                }
                return result
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &text)
            case 0..<0x20:
                throw failure("found \(here) inside a text; expected a closing quote")
            default:
                text.append(byte)
                position += 1
            }
        }
    }

    /// What the one-letter escapes stand for.
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    private mutating func escape(into text: inout [UInt8]) throws(ActivityNetError) {
        if let plain = Self.escapes[bytes[position]] {
            text.append(plain)
            position += 1
            return
        }
        guard skip("u") else { throw failure("found \(here) after \"\\\"; expected an escape") }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), skip("\\u") {
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

    private mutating func hexadecimal() throws(ActivityNetError) -> UInt32 {
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

    private mutating func skipSpace() {
        while true {
            switch bytes[position] {
            case UInt8(ascii: "\n"):
                line += 1
                position += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            default: return
            }
        }
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

    private func failure(_ message: String) -> ActivityNetError {
        ActivityNetError("\(name): line \(line): \(message)")
    }
}
