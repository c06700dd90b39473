// SPDX-License-Identifier: Apache-2.0

/// Comma-separated values as in RFC 4180: quotes, line breaks inside quotes, LF or CRLF.
package enum CSVText {
    /// One line of a table.
    package struct Row: Sendable, Equatable {
        /// The line of the file where it begins, from 1.
        package let line: Int
        /// The fields, without their quotes.
        package let fields: [String]
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

    /// The rows of a file; lines without any character are left out.
    ///
    /// - Parameters:
    ///   - expected: What it should be, such as "a CSV file of segments".
    ///   - limit: The most bytes that are read.
    /// - Throws: One line for what can't be read, an open quote, text behind a closing quote, and
    ///   text that is not UTF-8.
    package static func read(
        _ path: String, expected: String, limit: Int = 1 << 30
    ) throws(TextFormatError) -> [Row] {
        try rows(
            TextFile.read(path, expected: expected, limit: limit, terminator: [0]), name: path)
    }

    /// The rows of bytes that end with a 0; `name` stands for the file in messages.
    package static func rows(
        _ bytes: [UInt8], name: String
    ) throws(TextFormatError) -> [Row] {
        var scanner = ByteScanner(terminated: bytes, name: name)
        var rows: [Row] = []
        while !scanner.isAtEnd {
            let line = scanner.line()
            if scanner.takeLineEnd() { continue }
            var fields = [try scanner.field()]
            while scanner.take(",") { fields.append(try scanner.field()) }
            guard scanner.isAtEnd || scanner.takeLineEnd() else {
                throw scanner.failure(
                    "found \(scanner.here) behind a closing quote; expected a comma or the end "
                        + "of the line")
            }
            rows.append(Row(line: line, fields: fields))
        }
        return rows
    }
}

extension ByteScanner {
    /// Moves past LF, CR or both.
    fileprivate mutating func takeLineEnd() -> Bool {
        let hasReturn = take("\r")
        return take("\n") || hasReturn
    }

    /// Reads a field up to the comma or the line end behind it.
    fileprivate mutating func field() throws(TextFormatError) -> String {
        guard take("\"") else {
            let start = position
            while !isAtEnd, ![0x2C, 0x0A, 0x0D].contains(next) { position += 1 }
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
