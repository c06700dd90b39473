// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Curves over one horizontal axis: losses over steps, memory over clip length.
package struct LineChart: Sendable {
    /// One curve.
    package struct Series: Sendable {
        /// What the legend calls it.
        package var name: String

        /// The points, in drawing order; points that are not finite break the curve.
        package var points: [(x: Double, y: Double)]

        /// The curve `name` through `points`.
        package init(name: String, points: [(x: Double, y: Double)]) {
            self.name = name
            self.points = points
        }
    }

    /// What stands on top.
    package var title: String

    /// What the horizontal axis shows, with its unit.
    package var xLabel: String

    /// What the vertical axis shows, with its unit.
    package var yLabel: String

    /// The curves, drawn in this order.
    package var series: [Series]

    /// Whether the vertical axis always begins at 0, as sizes need and a loss may not.
    package var startsAtZero: Bool

    /// A chart of `series`.
    package init(
        title: String, xLabel: String, yLabel: String, series: [Series],
        startsAtZero: Bool = true
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
        self.startsAtZero = startsAtZero
    }

    private static let size = (width: 860.0, height: 380.0)
    private static let plot = (left: 84.0, right: 836.0, top: 82.0, bottom: 322.0)

    /// The picture, 860 by 380 pixels.
    package func svg() -> String {
        var canvas = SVGCanvas()
        canvas.text(SVGCanvas.shortened(title, to: 80), x: 24, y: 32, size: 18, isBold: true)
        drawLegend(on: &canvas)
        let all = series.flatMap(\.points).filter(Self.isDrawn)
        guard !all.isEmpty else {
            canvas.text("no data", x: Self.plot.left, y: 200, fill: SVGCanvas.faintInk)
            return canvas.document(
                width: Self.size.width, height: Self.size.height, title: title)
        }
        let xRange = Self.range(all.map(\.x), startsAtZero: false)
        let data = Self.range(all.map(\.y), startsAtZero: startsAtZero)
        let yAxis = ChartScale(from: data.low, to: data.high, count: 5)
        // The vertical range ends on ticks, so that no curve touches the frame between two.
        let yRange = (
            low: (data.low / yAxis.step + 1e-9).rounded(.down) * yAxis.step,
            high: (data.high / yAxis.step - 1e-9).rounded(.up) * yAxis.step
        )
        drawAxes(
            on: &canvas, ChartScale(from: xRange.low, to: xRange.high, count: 8), xRange,
            ChartScale(from: yRange.low, to: yRange.high, count: 5), yRange)
        for (number, one) in series.enumerated() {
            draw(one, SVGCanvas.colour(number), xRange, yRange, on: &canvas)
        }
        return canvas.document(width: Self.size.width, height: Self.size.height, title: title)
    }

    /// The smallest range that holds `values`, opened where it would be empty.
    private static func range(
        _ values: [Double], startsAtZero: Bool
    ) -> (low: Double, high: Double) {
        var low = values.min() ?? 0
        var high = values.max() ?? 1
        if startsAtZero {
            low = min(low, 0)
            high = max(high, 0)
        }
        if high > low { return (low, high) }
        return (low - max(abs(low) * 0.5, 0.5), high + max(abs(high) * 0.5, 0.5))
    }

    private func drawLegend(on canvas: inout SVGCanvas) {
        var x = Self.plot.left
        for (number, one) in series.enumerated() where x < Self.plot.right - 60 {
            let name = SVGCanvas.shortened(one.name, to: 28)
            canvas.line(
                from: (x, 55), to: (x + 22, 55), stroke: SVGCanvas.colour(number), width: 3)
            canvas.text(name, x: x + 28, y: 59, size: 12.5)
            x += 28 + Double(name.count) * 7 + 24
        }
    }

    private func drawAxes(
        on canvas: inout SVGCanvas, _ xAxis: ChartScale, _ xRange: (low: Double, high: Double),
        _ yAxis: ChartScale, _ yRange: (low: Double, high: Double)
    ) {
        let plot = Self.plot
        for tick in yAxis.ticks {
            let y = Self.position(tick, in: yRange, from: plot.bottom, to: plot.top)
            canvas.line(from: (plot.left, y), to: (plot.right, y), stroke: SVGCanvas.grid)
            canvas.text(
                yAxis.label(tick), x: plot.left - 8, y: y + 4, size: 11.5,
                fill: SVGCanvas.faintInk, anchor: .end)
        }
        for tick in xAxis.ticks {
            let x = Self.position(tick, in: xRange, from: plot.left, to: plot.right)
            canvas.line(
                from: (x, plot.bottom), to: (x, plot.bottom + 5), stroke: SVGCanvas.faintInk)
            canvas.text(
                xAxis.label(tick), x: x, y: plot.bottom + 19, size: 11.5,
                fill: SVGCanvas.faintInk, anchor: .middle)
        }
        canvas.line(
            from: (plot.left, plot.bottom), to: (plot.right, plot.bottom),
            stroke: SVGCanvas.faintInk)
        canvas.text(
            xLabel, x: (plot.left + plot.right) / 2, y: plot.bottom + 42, size: 12.5,
            anchor: .middle)
        canvas.text(
            yLabel, x: 26, y: (plot.top + plot.bottom) / 2, size: 12.5, anchor: .middle,
            rotated: true)
    }

    /// Draws one curve; the points of a short one get dots.
    private func draw(
        _ one: Series, _ colour: String, _ xRange: (low: Double, high: Double),
        _ yRange: (low: Double, high: Double), on canvas: inout SVGCanvas
    ) {
        let plot = Self.plot
        for run in one.points.split(whereSeparator: { !Self.isDrawn($0) }) {
            let points = run.map { point in
                (
                    x: Self.position(point.x, in: xRange, from: plot.left, to: plot.right),
                    y: Self.position(point.y, in: yRange, from: plot.bottom, to: plot.top)
                )
            }
            if points.count > 1 { canvas.polyline(points, stroke: colour) }
            if points.count == 1 || one.points.count <= 20 {
                for point in points {
                    canvas.dot(x: point.x, y: point.y, radius: 3.5, fill: colour)
                }
            }
        }
    }

    /// Whether a point has a place: finite, and far from where differences overflow.
    private static func isDrawn(_ point: (x: Double, y: Double)) -> Bool {
        abs(point.x) < 1e300 && abs(point.y) < 1e300
    }

    private static func position(
        _ value: Double, in range: (low: Double, high: Double), from start: Double, to end: Double
    ) -> Double {
        start + (value - range.low) / (range.high - range.low) * (end - start)
    }
}
