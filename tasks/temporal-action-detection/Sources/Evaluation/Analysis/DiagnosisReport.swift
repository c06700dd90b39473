// SPDX-License-Identifier: Apache-2.0
import Console
import Reports

/// A diagnosis for people: a text for the terminal and a page.
struct DiagnosisReport {
    private let diagnosis: TemporalDiagnosis
    private let remarks: [String]

    /// A report.
    ///
    /// - Parameter remarks: What was left out or did not fit.
    init(_ diagnosis: TemporalDiagnosis, remarks: [String]) {
        self.diagnosis = diagnosis
        self.remarks = remarks
    }

    private static func text(_ value: Double?) -> String {
        value.map { NumberText.decimals($0, 3) } ?? "-"
    }

    private var summary: [[String]] {
        [
            ["mAP", Self.text(diagnosis.mAP)],
            ["normalised mAP", Self.text(diagnosis.normalizedMAP)],
            ["recall", Self.text(diagnosis.recall)],
        ]
    }

    private var outcomes: [[String]] {
        let all = diagnosis.falsePositives
        return PredictionOutcome.allCases.map { outcome in
            [
                outcome.name, Self.text(all.all.share[outcome]),
                outcome == .truePositive
                    ? "" : NumberText.decimals(all.gain[outcome] ?? 0, 4),
            ]
        }
    }

    private var buckets: [[String]] {
        diagnosis.characteristics.flatMap { one in
            one.buckets.map { bucket in
                [
                    one.kind.name, bucket.name, bucket.range(one.kind), "\(bucket.segments)",
                    Self.text(bucket.recall), Self.text(bucket.normalizedMAP),
                ]
            }
        }
    }

    private var notes: [String] {
        let hasCoverage = diagnosis.characteristics.contains { $0.kind == .coverage }
        return remarks
            + (hasCoverage ? [] : ["no coverage: some video states no duration"])
    }

    private var groupText: String {
        "best \(diagnosis.falsePositives.groups.count)G predictions"
    }

    /// Tables for the terminal.
    var text: String {
        var head = TextTable(numbers: [1])
        for row in summary { head.append(row) }
        var table = TextTable([groupText, "part", "mAP_N lost"], numbers: [1, 2])
        for row in outcomes { table.append(row) }
        var parts = TextTable(
            ["by", "bucket", "range", "segments", "recall", "mAP_N"], numbers: [3, 4, 5])
        for row in buckets { parts.append(row) }
        return ([head.text, "", table.text, "", parts.text] + notes).joined(separator: "\n")
    }

    /// The page, with all charts.
    var page: String {
        var page = HTMLPage(title: "Temporal action detection: where it goes wrong")
        page.table(["score", ""], rows: summary, numbers: [1])
        page.paragraph(
            "tIoU \(EvaluationThresholds.text(diagnosis.tIoU)); numbers are means over "
                + "\(diagnosis.tIoU.count) thresholds. Normalised mAP (mAP_N) takes every class "
                + "and bucket as if it held \(NumberText.short(diagnosis.segmentsPerClass)) "
                + "segments. Recall counts segments found at a normalised precision above "
                + "\(NumberText.short(diagnosis.minimumPrecision)). After Alwassel et al., "
                + "Diagnosing error in temporal action detectors, ECCV 2018.")
        for note in notes { page.paragraph(note) }
        let charts = DiagnosisCharts(diagnosis).all
        page.heading("False positives")
        for chart in charts.prefix(2) { page.chart(chart.svg) }
        page.table([groupText, "part", "mAP_N lost"], rows: outcomes, numbers: [1, 2])
        page.heading("Recall and sensitivity")
        for chart in charts.dropFirst(2).dropLast() { page.chart(chart.svg) }
        page.table(
            ["by", "bucket", "range", "segments", "recall", "mAP_N"], rows: buckets,
            numbers: [3, 4, 5])
        page.heading("Classes")
        for chart in charts.suffix(1) { page.chart(chart.svg) }
        page.table(
            ["class", "segments", "predictions", "AP", "AP_N", "recall"]
                + PredictionOutcome.allCases.map(\.name),
            rows: diagnosis.classes.map { row in
                [
                    row.label, "\(row.segments)", "\(row.predictions)",
                    Self.text(row.averagePrecision), Self.text(row.normalizedAP),
                    Self.text(row.recall),
                ]
                    + PredictionOutcome.allCases.map {
                        NumberText.decimals(row.outcomes[$0] ?? 0, 1)
                    }
            }, numbers: Set(1...11))
        if !diagnosis.mistakenClasses.isEmpty {
            page.heading("Classes taken for each other")
            page.table(
                ["predicted", "annotated there", "predictions"],
                rows: diagnosis.mistakenClasses.map {
                    [$0.predicted, $0.annotated, NumberText.decimals($0.count, 1)]
                }, numbers: [2])
        }
        return page.html
    }
}
