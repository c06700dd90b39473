// SPDX-License-Identifier: Apache-2.0
import Reports

/// The curves of a run that reports draw.
enum RunCurves {
    /// How many points of a curve become one where there are more than a chart can show.
    enum Thinning {
        case mean, maximum

        func of(_ values: [Double]) -> Double {
            switch self {
            case .mean: values.reduce(0, +) / Double(max(1, values.count))
            case .maximum: values.max() ?? 0
            }
        }
    }

    private static let longest = 600

    /// A curve of a quantity over the steps, of at most 600 points.
    static func curve(
        _ name: String, _ lines: [MetricsLine], by thinning: Thinning = .mean,
        _ value: (MetricsLine) -> Double?
    ) -> LineChart.Series {
        let found = lines.compactMap { line in value(line).map { (x: Double(line.step), y: $0) } }
        return LineChart.Series(name: name, points: thinned(found, by: thinning))
    }

    /// Groups of neighbouring points, each as one at the group's last place.
    private static func thinned(
        _ points: [(x: Double, y: Double)], by thinning: Thinning
    ) -> [(x: Double, y: Double)] {
        let size = groupSize(points.count)
        guard size > 1 else { return points }
        return stride(from: 0, to: points.count, by: size).map { first in
            let part = points[first..<min(points.count, first + size)]
            return (x: part[part.endIndex - 1].x, y: thinning.of(part.map(\.y)))
        }
    }

    private static func groupSize(_ count: Int) -> Int { (count + longest - 1) / longest }

    /// What a chart's horizontal axis says, with the steps that a point stands for.
    static func stepLabel(_ lines: [MetricsLine], _ what: String = "means") -> String {
        let size = groupSize(lines.count)
        return size > 1 ? "step (\(what) of \(size) steps)" : "step"
    }

    /// A chart, nil where none of its curves has a point.
    static func chart(
        _ title: String, _ yLabel: String, xLabel: String, startsAtZero: Bool = true,
        _ series: [LineChart.Series]
    ) -> LineChart? {
        let drawn = series.filter { !$0.points.isEmpty }
        guard !drawn.isEmpty else { return nil }
        return LineChart(
            title: title, xLabel: xLabel, yLabel: yLabel, series: drawn,
            startsAtZero: startsAtZero)
    }

    /// Bytes as MiB.
    static func mebibytes(_ bytes: Int?) -> Double? { bytes.map { Double($0) / 0x1p20 } }
}
