// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A confusion matrix: a row for each true class, a column for each predicted one.
///
/// A cell's color is its share of the row, so that rare classes are seen as well as frequent ones.
package struct MatrixChart: Sendable {
    /// What stands on top.
    package var title: String
    /// The names of the classes.
    package var names: [String]
    /// Row by row, how often a true class was predicted as each class.
    package var counts: [[Int]]

    /// A chart.
    ///
    /// - Precondition: As many rows and columns as names.
    package init(title: String, names: [String], counts: [[Int]]) {
        precondition(
            counts.count == names.count && counts.allSatisfy { $0.count == names.count },
            "a matrix of \(counts.count) rows for \(names.count) classes")
        self.title = title
        self.names = names
        self.counts = counts
    }

    private static let top = 64.0
    private static let nameLength = 24

    /// The picture.
    package func svg() -> String {
        var canvas = SVGCanvas()
        let side = max(18, min(64, 640 / Double(max(1, names.count))))
        let shown = names.map { SVGCanvas.shortened($0, to: Self.nameLength) }
        let longest = Double(shown.map(\.count).max() ?? 0) * 7
        let left = 64 + longest
        let width = side * Double(names.count)
        let heading = SVGCanvas.shortened(title, to: 80)
        canvas.text(heading, x: 24, y: 32, size: 18, isBold: true)
        for (row, values) in counts.enumerated() {
            let total = values.reduce(0, +)
            let y = Self.top + Double(row) * side
            canvas.text(
                shown[row], x: left - 8, y: y + side / 2 + 4, size: 12, anchor: .end)
            for (column, count) in values.enumerated() {
                let share = total > 0 ? Double(count) / Double(total) : 0
                let x = left + Double(column) * side
                canvas.rectangle(
                    x: x, y: y, width: side, height: side, fill: Self.color(share),
                    stroke: SVGCanvas.grid,
                    title: "\(names[row]) as \(names[column]): \(count) of \(total)")
                guard side >= 32, total > 0 else { continue }
                canvas.text(
                    String(format: "%.0f", share * 100), x: x + side / 2, y: y + side / 2 + 4,
                    size: 12, fill: share > 0.5 ? "#ffffff" : SVGCanvas.ink, anchor: .middle)
            }
        }
        let bottom = Self.top + width
        for (column, name) in shown.enumerated() {
            canvas.text(
                name, x: left + (Double(column) + 0.5) * side + 4, y: bottom + 10, size: 12,
                anchor: .end, rotated: true)
        }
        canvas.text(
            "predicted, % of the true class", x: left + width / 2, y: bottom + longest + 40,
            size: 13, fill: SVGCanvas.faintInk, anchor: .middle)
        canvas.text(
            "true", x: 32, y: Self.top + width / 2, size: 13, fill: SVGCanvas.faintInk,
            anchor: .middle, rotated: true)
        return canvas.document(
            width: max(left + width + 36, 48 + Double(heading.count) * 10),
            height: bottom + longest + 60, title: title)
    }

    /// From white to dark blue.
    private static func color(_ share: Double) -> String {
        func mix(_ from: Double, _ to: Double) -> Int {
            Int((from + (to - from) * share).rounded())
        }
        return String(format: "#%02x%02x%02x", mix(255, 8), mix(255, 48), mix(255, 107))
    }
}
