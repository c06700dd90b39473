// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// A JSON value that keeps the order of members and knows where it stands in its file.
///
/// Evaluations break ties by file order and messages name lines, which Foundation's decoders do not
/// give. A file that is large beside its values is better read by a ``JSONScanner`` alone.
package struct JSONValue: Sendable {
    /// What a value is.
    package enum Kind: Sendable {
        /// Nothing.
        case null
        /// True or false.
        case boolean(Bool)
        /// NaN or infinite too, as Python writes them: callers check for finiteness.
        case number(Double)
        /// A text.
        case string(String)
        /// A list.
        case array([JSONValue])
        /// Members in their order; no name stands twice.
        case object([(name: String, value: JSONValue)])
    }

    /// What this is.
    package let kind: Kind

    /// Line of the first character, from 1.
    package let line: Int

    /// The file, where it isn't the one that is read.
    package var file: String?

    /// A value at a place.
    package init(kind: Kind, line: Int, file: String? = nil) {
        self.kind = kind
        self.line = line
        self.file = file
    }

    /// The member `name` of an object; nil where it is missing, null, or this is no object.
    package func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = kind,
            let found = members.first(where: { $0.name == name })?.value
        else { return nil }
        if case .null = found.kind { return nil }
        return found
    }

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = kind { text } else { nil }
    }

    /// The value of a number, or of a string that holds nothing but a number.
    ///
    /// It may be NaN or infinite: callers check for finiteness.
    package var number: Double? {
        switch kind {
        case .number(let value): value
        case .string(let text): Double(text.trimmingCharacters(in: .whitespaces))
        default: nil
        }
    }

    /// What was found, for messages: a short value itself, or the kind of a long one.
    package var summary: String {
        switch kind {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let value) where !value.isFinite:
            value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
        case .number(let value): MessageText.number(value)
        case .string(let text): "the text \(MessageText.quoted(text))"
        case .array(let items):
            items.count <= 2
                ? "[" + items.map(\.shortSummary).joined(separator: ", ") + "]"
                : "a list of \(items.count)"
        case .object(let members): "an object of \(members.count)"
        }
    }

    private var shortSummary: String {
        switch kind {
        case .array(let items): "a list of \(items.count)"
        case .string(let text): MessageText.quoted(text)
        default: summary
        }
    }

    /// Reads and parses the file at `path`.
    ///
    /// - Parameter expected: What it should be, such as "an ActivityNet JSON file".
    /// - Throws: one line for a missing, empty, unreadable or too large file (over 2 GiB), for
    ///   something that is no regular file, and for whatever is not JSON.
    package static func read(_ path: String, expected: String) throws(InputError) -> JSONValue {
        try whole(JSONScanner(path: path, expected: expected, limit: 2 << 30))
    }

    /// Parses `bytes`; `name` stands for the file in messages.
    package static func parse(_ bytes: [UInt8], name: String) throws(InputError) -> JSONValue {
        try whole(JSONScanner(terminated: bytes + [0], name: name))
    }

    private static func whole(_ scanner: JSONScanner) throws(InputError) -> JSONValue {
        var scanner = scanner
        let value = try JSONValue(&scanner)
        try scanner.end()
        return value
    }
}

extension JSONValue {
    /// Reads the value at which the scanner stands: no repeated names.
    init(_ scanner: inout JSONScanner) throws(InputError) {
        line = scanner.line()
        switch scanner.kind {
        case .object: kind = .object(try Self.members(&scanner))
        case .array:
            var items: [JSONValue] = []
            try scanner.open("[")
            while try scanner.nextItem() { items.append(try JSONValue(&scanner)) }
            kind = .array(items)
        case .string: kind = .string(try scanner.string())
        case .number: kind = .number(try scanner.number())
        case .boolean: kind = .boolean(try scanner.boolean())
        case .null:
            try scanner.skipValue()
            kind = .null
        case .notFinite: kind = .number(try scanner.notFinite())
        case .nothing:
            try scanner.skipValue()
            preconditionFailure("a value of no kind was skipped")
        }
    }

    private static func members(
        _ scanner: inout JSONScanner
    ) throws(InputError) -> [(name: String, value: JSONValue)] {
        var result: [(name: String, value: JSONValue)] = []
        // Small objects are searched, large ones get a set.
        var names = Set<String>()
        try scanner.open("{")
        while let member = try scanner.nextName() {
            let isRepeated =
                result.count < 8
                ? result.contains { $0.name == member } : names.contains(member)
            guard !isRepeated else {
                throw scanner.failure(
                    "the name \(MessageText.quoted(member)) occurs twice in one object; expected it once, "
                        + "remove one")
            }
            if result.count == 7 { names = Set(result.map(\.name)) }
            if result.count >= 7 { names.insert(member) }
            result.append((member, try JSONValue(&scanner)))
        }
        return result
    }
}
