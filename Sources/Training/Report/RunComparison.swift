// SPDX-License-Identifier: Apache-2.0
import Console
import Foundation
package import Reports

/// The report of several runs beside each other.
package enum RunComparison {
    /// The page that compares runs.
    package static func page(_ runs: [RunRecord]) -> HTMLPage {
        let names = titles(runs)
        var page = HTMLPage(title: "\(runs.count) runs compared")
        page.heading("Results")
        page.table(
            [
                "", "way", "steps", "first loss", "last loss", "peak counted", "peak resident",
                "s a step",
            ], rows: zip(names, runs).map { [$0] + results($1) })
        let scores = scoreNames(runs)
        if !scores.isEmpty {
            page.heading("Scores at the last evaluation")
            page.table(
                [""] + scores,
                rows: zip(names, runs).map { name, run in
                    [name]
                        + scores.map { score in
                            run.scores[score].map { String(format: "%.4f", $0) } ?? "–"
                        }
                })
        }
        page.heading("Curves")
        for chart in charts(runs, names, scores) { page.chart(chart.svg()) }
        page.heading("Settings that differ")
        let differing = differences(runs)
        if differing.isEmpty {
            page.paragraph("None: the runs have the same recipe.")
        } else {
            page.table(["key"] + names, rows: differing)
        }
        return page
    }

    /// The folders' own names, or their whole paths where two are the same.
    private static func titles(_ runs: [RunRecord]) -> [String] {
        Set(runs.map(\.name)).count == runs.count ? runs.map(\.name) : runs.map(\.path)
    }

    private static func results(_ run: RunRecord) -> [String] {
        let summary = RunSummary(run.lines)
        func number(_ value: Double?) -> String { value.map(NumberText.short) ?? "–" }
        return [
            ModelCard.way(run) ?? "–", "\(run.steps.last?.step ?? 0)", number(summary.firstLoss),
            number(summary.lastLoss), ByteSize.text(summary.peakBytes),
            ByteSize.text(summary.residentPeakBytes), number(run.stepSeconds),
        ]
    }

    /// Up to eight scores that any of the runs has, in the order of the first that has any.
    private static func scoreNames(_ runs: [RunRecord]) -> [String] {
        var names: [String] = []
        for run in runs { names += run.scoreNames.filter { !names.contains($0) } }
        return Array(names.prefix(8))
    }

    private static func charts(
        _ runs: [RunRecord], _ names: [String], _ scores: [String]
    ) -> [LineChart] {
        let longest = runs.map(\.steps).max { $0.count < $1.count } ?? []
        func chart(
            _ title: String, _ yLabel: String, startsAtZero: Bool = true,
            by thinning: RunCurves.Thinning = .mean, xLabel: String? = nil,
            _ value: (MetricsLine) -> Double?
        ) -> LineChart? {
            RunCurves.chart(
                title, yLabel, xLabel: xLabel ?? RunCurves.stepLabel(longest),
                startsAtZero: startsAtZero,
                zip(names, runs).map { name, run in
                    RunCurves.curve(name, run.lines, by: thinning, value)
                })
        }
        var charts = [chart("Loss", "loss", startsAtZero: false) { $0.loss }]
        charts += scores.prefix(2).map { score in
            chart(score, score, xLabel: "step") { $0.evaluation?[score] }
        }
        charts += [
            chart("Coefficient β in force", "β") { $0.beta },
            chart("Coefficient α in force", "α") { $0.alpha },
            chart("Learning rate of the backbone", "rate") {
                $0.learningRates?[ParameterRole.backbone.rawValue]
            },
            chart("Peak of counted bytes in a step", "MiB", by: .maximum) {
                RunCurves.mebibytes($0.peakBytes)
            },
            chart("Time of a step", "seconds") { $0.loss == nil ? nil : $0.seconds },
        ]
        return charts.compactMap { $0 }
    }

    /// The keys of the recipes whose values are not the same in all runs, with the values.
    private static func differences(_ runs: [RunRecord]) -> [[String]] {
        var paths: [String] = []
        var seen: Set<String> = []
        for run in runs {
            for (path, _) in run.settings where seen.insert(path).inserted { paths.append(path) }
        }
        return paths.compactMap { path in
            let values = runs.map { $0.setting(path) ?? "–" }
            return Set(values).count > 1 ? [path] + values : nil
        }
    }
}
