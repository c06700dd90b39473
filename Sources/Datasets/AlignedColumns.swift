// SPDX-License-Identifier: Apache-2.0

/// Rows of cells under each other.
enum AlignedColumns {
    /// The rows as lines without trailing spaces; two spaces between columns.
    ///
    /// - Parameter numbers: Positions of the columns that are aligned to the right.
    static func lines(_ rows: [[String]], numbers: Set<Int> = []) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return numbers.contains(column) ? space + cell : cell + space
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
