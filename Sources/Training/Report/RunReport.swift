// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
import Files
import Foundation
package import Reports

/// The report of one run: one HTML file with its card, curves, pictures, recipe and machine.
package enum RunReport {
    /// The name of the file in a run folder.
    package static let fileName = "report.html"

    /// Writes the report of a run into its folder.
    static func write(_ folder: String) throws {
        try AtomicFile.write(page(try RunRecord(folder)).html, to: "\(folder)/\(fileName)")
    }

    /// The page of a run.
    package static func page(_ run: RunRecord) -> HTMLPage {
        var page = HTMLPage(title: "Run \(run.name)")
        page.paragraph(state(run))
        RunOutcomes.add(run, to: &page)
        page.heading("Model card")
        page.table(rows: ModelCard.rows(run))
        page.heading("Scores")
        scores(run, on: &page)
        page.heading("Curves")
        for chart in charts(run) { page.chart(chart.svg()) }
        let others = RunOutcomes.otherPictures(run)
        if !others.isEmpty { page.heading("Findings") }
        for picture in others {
            page.picture(picture.data, type: picture.type, caption: picture.name)
        }
        page.heading("Configuration")
        page.listing(run.recipe)
        if let environment = run.environment {
            page.heading("Environment")
            page.table(
                rows: environment.rows + [["memory", ByteSize.text(environment.memoryBytes)]])
        }
        return page
    }

    private static func state(_ run: RunRecord) -> String {
        let steps = run.steps.last?.step ?? 0
        let total = run.setting("steps").map { " of \($0)" } ?? ""
        let end =
            run.result == nil ? "no summary yet: the run goes on or was interrupted" : "finished"
        let count = run.evaluations.count
        return "\(steps)\(total) steps, \(count) evaluation\(count == 1 ? "" : "s"); \(end)."
    }

    private static func scores(_ run: RunRecord, on page: inout HTMLPage) {
        let last = run.scores
        guard !last.isEmpty else {
            page.paragraph("No evaluation yet.")
            return
        }
        let baselines = run.result?.baselines ?? [:]
        let others = baselines.keys.sorted()
        let hasPlain = last.keys.contains { $0.hasPrefix("plain.") }
        func number(_ value: Double?) -> String {
            value.map { String(format: "%.4f", $0) } ?? "–"
        }
        var header = ["after step \(run.evaluations.last?.step ?? 0)", "in force"]
        if hasPlain { header.append("plain network") }
        let rows = run.scoreNames.filter { last[$0] != nil }.map { name -> [String] in
            var row = [name, number(last[name])]
            if hasPlain { row.append(number(last["plain." + name])) }
            return row + others.map { number(baselines[$0]?[name]) }
        }
        page.table(header + others, rows: rows)
        if let best = run.result?.best {
            page.paragraph(
                "Best \(best.metric): \(number(best.value)) after step \(best.step), whose "
                    + "checkpoint is kept.")
        }
    }

    // MARK: Curves

    private static func charts(_ run: RunRecord) -> [LineChart] {
        let steps = run.steps, label = RunCurves.stepLabel(steps)
        func chart(
            _ title: String, _ yLabel: String, startsAtZero: Bool = true,
            _ values: [(name: String, value: (MetricsLine) -> Double?)]
        ) -> LineChart? {
            RunCurves.chart(
                title, yLabel, xLabel: label, startsAtZero: startsAtZero,
                values.map { RunCurves.curve($0.name, steps, $0.value) })
        }
        let parts = Set(steps.flatMap { ($0.losses ?? [:]).keys }).sorted()
        var losses: [(name: String, value: (MetricsLine) -> Double?)] = [("total", { $0.loss })]
        if parts.count > 1 {
            losses += parts.prefix(6).map { part in (part, { $0.losses?[part] }) }
        }
        return [
            chart("Loss", "loss", startsAtZero: false, losses),
            scoreChart(run),
            chart(
                "Coefficients α and β in force", "coefficient",
                [("α", { $0.alpha }), ("β", { $0.beta })]),
            chart(
                "Learning rates", "rate",
                ParameterRole.allCases.map(\.rawValue).map { role in
                    (role, { $0.learningRates?[role] })
                }),
            chart(
                "Norm of all gradients before clipping", "norm", [("norm", { $0.gradientNorm })]),
            memoryChart(steps),
            chart(
                "Time of a step", "seconds",
                [("step", { $0.seconds }), ("of it waiting for samples", { $0.loadSeconds })]),
        ].compactMap { $0 }
    }

    /// The first few scores over the evaluations; nil for fewer than two of these.
    private static func scoreChart(_ run: RunRecord) -> LineChart? {
        let evaluations = run.evaluations
        guard evaluations.count > 1 else { return nil }
        var series = run.scoreNames.prefix(5).map { name in
            RunCurves.curve(name, evaluations) { $0.evaluation?[name] }
        }
        if let first = run.scoreNames.first {
            series.append(
                RunCurves.curve("plain \(first)", evaluations) { $0.evaluation?["plain." + first] })
        }
        return RunCurves.chart(
            "Scores", "score", xLabel: RunCurves.stepLabel(evaluations), series)
    }

    private static func memoryChart(_ steps: [MetricsLine]) -> LineChart? {
        let curves: [(name: String, bytes: (MetricsLine) -> Int?)] = [
            ("peak of a step, counted", { $0.peakBytes }),
            ("live after a step, counted", { $0.liveBytes }),
            ("resident peak so far", { $0.residentPeakBytes }),
        ]
        return RunCurves.chart(
            "Memory", "MiB", xLabel: RunCurves.stepLabel(steps, "maxima"),
            curves.map { curve in
                RunCurves.curve(curve.name, steps, by: .maximum) {
                    RunCurves.mebibytes(curve.bytes($0))
                }
            })
    }
}
