// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Grids of positive numbers side by side, coloured by their power of ten.
package struct HeatMap: Sendable {
    /// One grid.
    package struct Panel: Sendable {
        /// What stands above it.
        package var title: String
        /// A row of numbers for each of the map's rows; what is not finite is drawn black.
        package var values: [[Double]]

        /// A grid.
        package init(title: String, values: [[Double]]) {
            self.title = title
            self.values = values
        }
    }

    /// What stands on top.
    package var title: String
    /// What the axes show.
    package var xLabel, yLabel: String
    /// The columns' and the rows' values, rising, at even distances; rows are drawn upwards.
    package var columns, rows: [Double]
    /// The grids.
    package var panels: [Panel]
    /// A line over each grid in the axes' values.
    package var path: (name: String, points: [(x: Double, y: Double)])?
    /// A dot over each grid in the axes' values.
    package var mark: (name: String, point: (x: Double, y: Double))?

    /// A map.
    package init(
        title: String, xLabel: String, yLabel: String, columns: [Double], rows: [Double],
        panels: [Panel], path: (name: String, points: [(x: Double, y: Double)])? = nil,
        mark: (name: String, point: (x: Double, y: Double))? = nil
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.columns = columns
        self.rows = rows
        self.panels = panels
        self.path = path
        self.mark = mark
    }

    private static let side = 340.0
    private static let top = 92.0
    private static let gap = 96.0
    private static let left = 72.0
    /// The powers of ten of the first and the last colour.
    private static let range = (low: -8.0, high: 0.0)

    /// The picture.
    package func svg() -> String {
        var canvas = SVGCanvas()
        canvas.text(SVGCanvas.shortened(title, to: 80), x: 24, y: 32, size: 18, isBold: true)
        drawLegend(on: &canvas)
        for (index, panel) in panels.enumerated() {
            draw(panel, at: Self.left + Double(index) * (Self.side + Self.gap), on: &canvas)
        }
        let count = Double(max(1, panels.count))
        return canvas.document(
            width: Self.left + count * Self.side + (count - 1) * Self.gap + 36,
            height: Self.top + Self.side + 58, title: title)
    }

    private func drawLegend(on canvas: inout SVGCanvas) {
        var x = Self.left
        if let path {
            canvas.line(from: (x, 52), to: (x + 22, 52), stroke: Self.pathColour, width: 3)
            canvas.text(path.name, x: x + 28, y: 56, size: 12.5)
            x += 28 + Double(path.name.count) * 7 + 24
        }
        if let mark {
            canvas.dot(x: x + 6, y: 52, radius: 5, fill: Self.markColour)
            canvas.text(mark.name, x: x + 18, y: 56, size: 12.5)
        }
    }

    private static let pathColour = SVGCanvas.colour(0)
    private static let markColour = SVGCanvas.colour(2)

    private func draw(_ panel: Panel, at left: Double, on canvas: inout SVGCanvas) {
        canvas.text(panel.title, x: left, y: Self.top - 10, size: 13, isBold: true)
        let width = Self.side / Double(max(1, columns.count))
        let height = Self.side / Double(max(1, rows.count))
        let bottom = Self.top + Self.side
        let size = min(12, width / 4.2)
        for (row, values) in panel.values.enumerated() {
            for (column, value) in values.enumerated() {
                let x = left + Double(column) * width
                let y = bottom - Double(row + 1) * height
                let text = Self.text(value)
                canvas.rectangle(
                    x: x, y: y, width: width, height: height, fill: Self.colour(value),
                    title: "\(text)")
                if size >= 6 {
                    // Below the middle, where a path runs.
                    canvas.text(
                        text, x: x + width / 2, y: y + height / 2 + size * 1.4, size: size,
                        fill: Self.isDark(value) ? "#ffffff" : SVGCanvas.ink, anchor: .middle)
                }
            }
        }
        for (column, value) in columns.enumerated() {
            canvas.text(
                Self.number(value), x: left + (Double(column) + 0.5) * width, y: bottom + 16,
                size: 11, anchor: .middle)
        }
        for (row, value) in rows.enumerated() {
            canvas.text(
                Self.number(value), x: left - 8, y: bottom - (Double(row) + 0.5) * height + 4,
                size: 11, anchor: .end)
        }
        canvas.text(xLabel, x: left + Self.side / 2, y: bottom + 38, size: 13, anchor: .middle)
        canvas.text(yLabel, x: left - 46, y: Self.top + Self.side / 2, size: 13)
        func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
            (
                left + (Self.position(point.x, columns) + 0.5) * width,
                bottom - (Self.position(point.y, rows) + 0.5) * height
            )
        }
        if let path {
            canvas.polyline(path.points.map(place), stroke: Self.pathColour, width: 3)
        }
        if let mark {
            let at = place(mark.point)
            canvas.dot(x: at.x, y: at.y, radius: 5, fill: Self.markColour)
        }
    }

    /// A value's place among evenly spaced ones, in steps.
    private static func position(_ value: Double, _ axis: [Double]) -> Double {
        guard let first = axis.first, let last = axis.last, last > first else { return 0 }
        return (value - first) / (last - first) * Double(axis.count - 1)
    }

    private static func number(_ value: Double) -> String {
        String(format: "%.3g", value)
    }

    private static func text(_ value: Double) -> String {
        value.isFinite ? String(format: "%.0e", value) : "∞"
    }

    /// From pale yellow, below 1e-8, to dark red, from 1 on.
    private static func colour(_ value: Double) -> String {
        guard value.isFinite else { return "#000000" }
        let share = share(value)
        let pale = (255.0, 250.0, 220.0), middle = (240.0, 150.0, 60.0), dark = (110.0, 0.0, 20.0)
        func mix(_ a: Double, _ b: Double, _ t: Double) -> Int { Int((a + (b - a) * t).rounded()) }
        let (from, to, t) =
            share < 0.5 ? (pale, middle, share * 2) : (middle, dark, share * 2 - 1)
        return String(
            format: "#%02x%02x%02x", mix(from.0, to.0, t), mix(from.1, to.1, t),
            mix(from.2, to.2, t))
    }

    private static func isDark(_ value: Double) -> Bool { !value.isFinite || share(value) > 0.6 }

    private static func share(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        return min(1, max(0, (log10(value) - range.low) / (range.high - range.low)))
    }
}
