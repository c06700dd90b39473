// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Horizontal bars, one a name, plain or cut in parts: counts of a histogram, costs of errors, what
/// a whole is made of.
package struct BarChart: Sendable {
    /// One bar.
    package struct Bar: Sendable {
        /// What stands before it.
        package var name: String
        /// The parts from left to right, one a series; what is not finite or negative has none.
        package var parts: [Double]
        /// What stands behind it.
        package var text: String

        /// A bar of `parts`.
        package init(name: String, parts: [Double], text: String = "") {
            self.name = name
            self.parts = parts
            self.text = text
        }

        /// A bar of length `value`.
        package init(name: String, value: Double, text: String) {
            self.init(name: name, parts: [value], text: text)
        }
    }

    /// What stands on top.
    package var title: String
    /// What the lengths are, with the unit.
    package var label: String
    /// What the legend calls the parts; empty for plain bars.
    package var series: [String]
    /// The bars from top to bottom.
    package var bars: [Bar]

    /// A chart of `bars`.
    ///
    /// - Precondition: Every bar has as many parts as there are series, a plain one has one.
    package init(title: String, label: String, series: [String] = [], bars: [Bar]) {
        for bar in bars {
            precondition(
                bar.parts.count == max(1, series.count),
                "a bar of \(bar.parts.count) parts for \(series.count) series")
        }
        self.title = title
        self.label = label
        self.series = series
        self.bars = bars
    }

    private static let width = 860.0
    private static let row = 30.0

    /// The picture, 860 pixels wide.
    package func svg() -> String {
        var canvas = SVGCanvas()
        let isPlain = series.isEmpty
        let plot =
            isPlain ? (left: 190.0, right: 716.0, top: 62.0) : (left: 120, right: 756, top: 92)
        canvas.text(SVGCanvas.shortened(title, to: 80), x: 24, y: 32, size: 18, isBold: true)
        drawLegend(on: &canvas)
        let values = bars.map { $0.parts.map { $0.isFinite ? min(max($0, 0), 1e300) : 0 } }
        let largest = values.map { $0.reduce(0, +) }.filter(\.isFinite).max() ?? 0
        let end = largest > 0 ? largest : 1
        let bottom = plot.top + Self.row * Double(max(bars.count, 1))
        canvas.barAxis(
            to: end, x: (plot.left, plot.right), y: (plot.top - 6, bottom), label: label)
        for (index, bar) in bars.enumerated() {
            let y = plot.top + Self.row * Double(index)
            canvas.text(
                SVGCanvas.shortened(bar.name, to: isPlain ? 24 : 15), x: plot.left - 10, y: y + 17,
                size: 12.5, anchor: .end)
            var x = plot.left
            for (number, value) in values[index].enumerated() {
                let length = value / end * (plot.right - plot.left)
                guard length > 0, length.isFinite else { continue }
                canvas.rectangle(
                    x: x, y: y + 3, width: length, height: Self.row - 10,
                    fill: SVGCanvas.colour(number), radius: isPlain ? 2 : 0,
                    title: isPlain
                        ? nil
                        : "\(bar.name), \(series[number]): \(String(format: "%.3g", value))")
                x += length
            }
            canvas.text(
                SVGCanvas.shortened(bar.text, to: isPlain ? 18 : 14), x: x + 8, y: y + 17,
                size: 12.5)
        }
        return canvas.document(width: Self.width, height: bottom + 58, title: title)
    }

    private func drawLegend(on canvas: inout SVGCanvas) {
        var x = 24.0
        for (number, name) in series.enumerated() where x < Self.width - 60 {
            let shown = SVGCanvas.shortened(name, to: 28)
            canvas.rectangle(
                x: x, y: 52, width: 14, height: 14, fill: SVGCanvas.colour(number), radius: 2)
            canvas.text(shown, x: x + 20, y: 64, size: 12.5)
            x += 20 + Double(shown.count) * 7 + 18
        }
    }
}
