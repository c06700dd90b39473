// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A JSON value that keeps the order of members and knows where it stands in its file.
///
/// The evaluation breaks ties by file order and messages name lines, which Foundation's
/// decoders do not give.
struct ActivityNetJSON: Sendable {
    /// What a value is.
    enum Kind: Sendable {
        case null
        case boolean(Bool)
        case number(Double)
        case string(String)
        case array([ActivityNetJSON])
        case object([(name: String, value: ActivityNetJSON)])
    }

    let kind: Kind

    /// Line of the first character, from 1.
    let line: Int

    /// The member `name` of an object; nil where it is missing, null, or this is no object.
    func member(_ name: String) -> ActivityNetJSON? {
        guard case .object(let members) = kind,
            let found = members.first(where: { $0.name == name })?.value
        else { return nil }
        if case .null = found.kind { return nil }
        return found
    }

    /// The text of a string.
    var string: String? {
        if case .string(let text) = kind { text } else { nil }
    }

    /// The value of a number, or of a string that holds nothing but a number.
    ///
    /// Strings may also spell what JSON numbers cannot ("NaN"): callers check for finiteness.
    var number: Double? {
        switch kind {
        case .number(let value): value
        case .string(let text): Double(text.trimmingCharacters(in: .whitespaces))
        default: nil
        }
    }

    /// What was found, for messages: a short value itself, or the kind of a long one.
    var summary: String {
        switch kind {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let value): Self.text(value)
        case .string(let text): "the text \(Self.quoted(text))"
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
        case .string(let text): Self.quoted(text)
        default: summary
        }
    }

    /// `value` without a trailing ".0".
    static func text(_ value: Double) -> String {
        let plain = "\(value)"
        return plain.hasSuffix(".0") ? String(plain.dropLast(2)) : plain
    }

    /// `text` in quotes, cut to 60 characters, without control characters.
    static func quoted(_ text: String) -> String {
        let clean = String(
            text.unicodeScalars.prefix(60).map {
                $0.properties.generalCategory == .control ? "?" : Character($0)
            })
        return "\"\(clean)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// `text` as a JSON string.
    static func encoded(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Reads and parses the file at `path`.
    ///
    /// - Throws: one line for a missing, empty, unreadable or too large file (over 2 GiB), for
    ///   something that is no regular file, and for whatever is not JSON.
    static func read(_ path: String) throws(ActivityNetError) -> ActivityNetJSON {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ActivityNetError(
                "\(path): cannot be read (\(String(cString: strerror(errno)))); "
                    + "expected an ActivityNet JSON file, check the path")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ActivityNetError(
                "\(path): is a folder or a device; expected an ActivityNet JSON file")
        }
        guard status.st_size > 0, status.st_size <= 2 << 30 else {
            throw ActivityNetError(
                "\(path): is \(status.st_size == 0 ? "empty" : "over 2 GiB"); "
                    + "expected an ActivityNet JSON file")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw ActivityNetError(
                "\(path): cannot be read; expected a readable file, check its permissions")
        }
        return try parse(Array(data), name: path)
    }

    /// Parses `bytes`; `name` stands for the file in messages.
    static func parse(
        _ bytes: [UInt8], name: String
    ) throws(ActivityNetError) -> ActivityNetJSON {
        var parser = ActivityNetJSONParser(bytes, name: name)
        return try parser.document()
    }
}
