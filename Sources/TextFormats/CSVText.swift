// SPDX-License-Identifier: Apache-2.0
package import Files

/// Comma-separated values as in RFC 4180: quotes, line breaks inside quotes, LF or CRLF.
///
/// Read as well are tables with semicolons, as spreadsheets write them where commas are decimal, or
/// with tabs: whichever the first line has most of.
package enum CSVText {
    /// One line of a table.
    package struct Row: Sendable, Equatable {
        /// The line of the file where it begins, from 1.
        package let line: Int
        /// The fields, without their quotes.
        package let fields: [String]
    }

    /// What stands between the fields of bytes that end with a 0.
    package static func separator(_ bytes: [UInt8]) -> Unicode.Scalar {
        // Of as many the rarer in a name comes first.
        var counts: [(separator: Unicode.Scalar, count: Int)] = [("\t", 0), (";", 0), (",", 0)]
        var isQuoted = false, isEmpty = true
        for byte in bytes {
            if byte == 0 { break }
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == 0x0A || byte == 0x0D {
                if isEmpty { continue }
                break
            }
            isEmpty = false
            for place in counts.indices where UInt8(ascii: counts[place].separator) == byte {
                counts[place].count += 1
            }
        }
        let most = counts.map(\.count).max() ?? 0
        return counts.first { $0.count == most && most > 0 }?.separator ?? ","
    }

    /// `text` as a field: in quotes where it holds a comma, a quote, a line break or outer blanks.
    package static func field(_ text: String) -> String {
        let needsQuotes =
            text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
            || text.first?.isWhitespace == true || text.last?.isWhitespace == true
        return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }

    /// A line of fields, with its end.
    package static func line(_ fields: [String]) -> String {
        fields.map(field).joined(separator: ",") + "\n"
    }

    /// The rows of a file and what stands between their fields; lines without any character are left out.
    ///
    /// - Parameters:
    ///   - expected: What it should be, such as "a CSV file of segments".
    ///   - limit: The most bytes that are read.
    /// - Throws: One line for what can't be read, an open quote, text behind a closing quote, and
    ///   text that is not UTF-8.
    package static func read(
        _ path: String, expected: String, limit: Int = 1 << 30
    ) throws(InputError) -> (rows: [Row], separator: Unicode.Scalar) {
        let bytes = try TextFile.read(path, expected: expected, limit: limit, terminator: [0])
        return (try rows(bytes, name: path), separator(bytes))
    }

    /// The rows of bytes that end with a 0; `name` stands for the file in messages.
    package static func rows(
        _ bytes: [UInt8], name: String
    ) throws(InputError) -> [Row] {
        let separator = separator(bytes)
        var scanner = ByteScanner(terminated: bytes, name: name)
        var rows: [Row] = []
        while !scanner.isAtEnd {
            let line = scanner.line()
            if scanner.takeLineEnd() { continue }
            var fields = [try scanner.field(separator)]
            while scanner.take(separator) { fields.append(try scanner.field(separator)) }
            guard scanner.isAtEnd || scanner.takeLineEnd() else {
                throw scanner.failure(
                    "found \(scanner.here) behind a closing quote; expected "
                        + "\(separatorName(separator)) or the end of the line")
            }
            rows.append(Row(line: line, fields: fields))
        }
        return rows
    }

    private static func separatorName(_ separator: Unicode.Scalar) -> String {
        separator == "," ? "a comma" : separator == ";" ? "a semicolon" : "a tab"
    }
}

extension ByteScanner {
    /// Moves past LF, CR or both.
    fileprivate mutating func takeLineEnd() -> Bool {
        let hasReturn = take("\r")
        return take("\n") || hasReturn
    }

    /// Reads a field up to the separator or the line end behind it.
    fileprivate mutating func field(_ separator: Unicode.Scalar) throws(InputError) -> String {
        guard take("\"") else {
            let start = position
            while !isAtEnd, ![UInt8(ascii: separator), 0x0A, 0x0D].contains(next) { position += 1 }
            return try text(bytes[start..<position])
        }
        var content: [UInt8] = []
        while true {
            guard !isAtEnd else {
                throw failure("found the end of the file in a quoted field; expected a quote")
            }
            if take("\"") {
                guard take("\"") else { return try text(content[...]) }
                content.append(0x22)
            } else {
                content.append(next)
                position += 1
            }
        }
    }
}
