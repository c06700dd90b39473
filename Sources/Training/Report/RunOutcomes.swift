// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Reports

/// The opening block of a run's report: what was found, missed and invented, and the pictures of it.
enum RunOutcomes {
    /// More classes are counted in `summary.json` only.
    private static let mostClasses = 30

    /// Adds the block to a page.
    static func add(_ run: RunRecord, to page: inout HTMLPage) {
        guard let report = run.result?.outcomes else {
            page.paragraph(
                "What was found, missed and invented is not counted here: the run has no scores yet, "
                    + "or a version before these counts made it. Train with --resume \(run.path) "
                    + "to evaluate it and have them.")
            return
        }
        page.heading(report.headline)
        if let rule = report.rule { page.paragraph("At \(rule).") }
        page.table(
            ["", "annotated", "found", "missed", "invented", "precision", "recall", "F1"],
            rows: rows(report))
        for note in report.notes { page.paragraph(note) }
        for picture in report.pictures {
            guard let file = run.pictures.first(where: { $0.name == picture.file }) else {
                page.paragraph(
                    "\(picture.file) (\(picture.caption)) is not in the run folder, or too large to "
                        + "be shown here.")
                continue
            }
            page.picture(
                file.data, type: file.type, caption: "\(picture.caption) (\(picture.file))",
                isWide: true)
        }
    }

    /// The pictures that the block does not show.
    static func otherPictures(_ run: RunRecord) -> [RunRecord.Picture] {
        let shown = Set((run.result?.outcomes?.pictures ?? []).map(\.file))
        return run.pictures.filter { !shown.contains($0.name) }
    }

    /// The classes with the most annotated objects first, then all together.
    private static func rows(_ report: OutcomeReport) -> [[String]] {
        let ordered = report.classes.enumerated().sorted { a, b in
            let left = a.element.counts, right = b.element.counts
            if left.annotated != right.annotated { return left.annotated > right.annotated }
            return left.shown != right.shown ? left.shown > right.shown : a.offset < b.offset
        }.map(\.element)
        var rows = ordered.prefix(mostClasses).map { cells($0.name, $0.counts) }
        let rest = ordered.dropFirst(mostClasses)
        if !rest.isEmpty {
            rows.append(
                cells(
                    "\(rest.count) further classes",
                    OutcomeCounts(summing: rest.map(\.counts))))
        }
        if report.classes.count > 1 { rows.append(cells("all", report.total)) }
        return rows
    }

    private static func cells(_ name: String, _ counts: OutcomeCounts) -> [String] {
        [
            name, "\(counts.annotated)", "\(counts.found)", "\(counts.missed)",
            "\(counts.invented)",
        ]
            + [counts.precision, counts.recall, counts.f1].map {
                $0.map { String(format: "%.2f", $0) } ?? "–"
            }
    }
}
