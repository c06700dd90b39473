// SPDX-License-Identifier: Apache-2.0

/// Horizontal bars, one a name: counts of a histogram, costs of errors.
package struct BarChart: Sendable {
    /// One bar.
    package struct Bar: Sendable {
        /// What stands before it.
        package var name: String
        /// Its length; what is not finite or negative draws none.
        package var value: Double
        /// What stands behind it.
        package var text: String

        /// A bar of length `value`.
        package init(name: String, value: Double, text: String) {
            self.name = name
            self.value = value
            self.text = text
        }
    }

    /// What stands on top.
    package var title: String
    /// What the bars' lengths are, with the unit.
    package var label: String
    /// The bars from top to bottom.
    package var bars: [Bar]

    /// A chart of `bars`.
    package init(title: String, label: String, bars: [Bar]) {
        self.title = title
        self.label = label
        self.bars = bars
    }

    private static let width = 860.0
    private static let plot = (left: 190.0, right: 716.0, top: 62.0)
    private static let row = 30.0

    /// The picture, 860 pixels wide.
    package func svg() -> String {
        var canvas = SVGCanvas()
        let plot = Self.plot
        canvas.text(SVGCanvas.shortened(title, to: 80), x: 24, y: 32, size: 18, isBold: true)
        let values = bars.map { $0.value.isFinite ? min(max($0.value, 0), 1e300) : 0 }
        let largest = values.max() ?? 0
        let bottom = plot.top + Self.row * Double(max(bars.count, 1))
        let end = largest > 0 ? largest : 1
        canvas.barAxis(
            to: end, x: (plot.left, plot.right), y: (plot.top - 6, bottom), label: label)
        for (index, bar) in bars.enumerated() {
            let y = plot.top + Self.row * Double(index)
            let length = values[index] / end * (plot.right - plot.left)
            canvas.text(
                SVGCanvas.shortened(bar.name, to: 24), x: plot.left - 10, y: y + 17, size: 12.5,
                anchor: .end)
            if length > 0 {
                canvas.rectangle(
                    x: plot.left, y: y + 3, width: length, height: Self.row - 10,
                    fill: SVGCanvas.colour(0), radius: 2)
            }
            canvas.text(
                SVGCanvas.shortened(bar.text, to: 18), x: plot.left + length + 8, y: y + 17,
                size: 12.5)
        }
        return canvas.document(width: Self.width, height: bottom + 58, title: title)
    }
}
