// SPDX-License-Identifier: Apache-2.0

/// Rows of cells in aligned columns.
package struct TextTable: Sendable {
    private var rows: [[String]]
    /// Columns that are aligned to the right: numbers.
    private let numberColumns: Set<Int>

    /// A table.
    ///
    /// - Parameters:
    ///   - header: The first row; none for a table of facts.
    ///   - numbers: Positions of the columns that are aligned to the right.
    package init(_ header: [String]? = nil, numbers: Set<Int> = []) {
        rows = header.map { [$0] } ?? []
        numberColumns = numbers
    }

    /// Adds a row.
    package mutating func append(_ row: [String]) { rows.append(row) }

    /// The rows as lines without trailing spaces; two spaces between columns.
    ///
    /// - Parameter numbers: Positions of the columns that are aligned to the right.
    package static func lines(_ rows: [[String]], numbers: Set<Int> = []) -> [String] {
        var table = TextTable(numbers: numbers)
        for row in rows { table.append(row) }
        return table.lines
    }

    /// The lines, without trailing spaces.
    package var text: String { lines.joined(separator: "\n") }

    private var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            var line = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return numberColumns.contains(column) ? space + cell : cell + space
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
