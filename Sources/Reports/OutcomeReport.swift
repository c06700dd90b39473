// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// What was found, missed and invented on the validation data, as `summary.json` holds it and
/// reports show it.
package struct OutcomeReport: Codable, Sendable, Equatable {
    /// What one class got.
    package struct Row: Codable, Sendable, Equatable {
        /// The class.
        package var name: String
        /// Its counts.
        package var counts: OutcomeCounts

        /// A class with its counts.
        package init(name: String, counts: OutcomeCounts) {
            self.name = name
            self.counts = counts
        }
    }

    /// A picture in the run folder.
    package struct Picture: Codable, Sendable, Equatable {
        /// The name of the file.
        package var file: String
        /// What it shows.
        package var caption: String

        /// A picture that shows `caption`.
        package init(file: String, caption: String) {
            self.file = file
            self.caption = caption
        }
    }

    /// What is counted, in the plural: "segments", "objects", "points", "shapes".
    package var unit: String
    /// When something counts as found, behind "at": "tIoU ≥ 0.5, score ≥ 0.31"; nil where every
    /// object has one prediction and no threshold is needed.
    package var rule: String?
    /// The score from which on detections are shown; nil where there is none.
    package var minimumScore: Double?
    /// Sentences that say how the counts came about.
    package var notes: [String]
    /// All classes together.
    package var total: OutcomeCounts
    /// Every class, in the task's order.
    package var classes: [Row]
    /// The pictures, the one to open first at the beginning.
    package var pictures: [Picture] = []

    /// A report.
    package init(
        unit: String, rule: String? = nil, minimumScore: Double? = nil, notes: [String],
        classes: [Row]
    ) {
        self.unit = unit
        self.rule = rule
        self.minimumScore = minimumScore
        self.notes = notes
        self.classes = classes
        total = OutcomeCounts(summing: classes.map(\.counts))
    }

    /// The report of detections.
    ///
    /// - Parameters:
    ///   - unit: What is detected, in the plural.
    ///   - overlap: The name of the overlap: "IoU" or "tIoU".
    ///   - items: What is looked through, in the plural: "videos", "images".
    ///   - names: The names of the classes.
    package init(
        _ outcomes: DetectionOutcomes, unit: String, overlap: String, items: String,
        names: [String]
    ) {
        precondition(
            names.count == outcomes.classes.count,
            "\(names.count) names of \(outcomes.classes.count) classes")
        let least = SVGCanvas.decimal(DetectionOutcomes.overlap)
        let all = outcomes.counted
        var notes: [String] = []
        if let score = outcomes.minimumScore {
            let shown = outcomes.total.shown
            notes.append(
                "\(shown) of \(all) detections are shown: those with a score of at least "
                    + "\(SVGCanvas.decimal(score)), the threshold with the highest F1 on these very "
                    + "\(items). On other \(items) it may lie elsewhere.")
        } else if all == 0 {
            notes.append("There is no detection, whatever its score.")
        } else {
            notes.append(
                "None of the \(all) detections is on one of the \(unit) of its class, at any score: "
                    + "none is shown.")
        }
        notes.append(
            "Found means the same class and \(overlap) ≥ \(least) (what both share over what both "
                + "cover), one detection for each; repeats, of one class with \(overlap) ≥ \(least), "
                + "are merged into the surest.")
        self.init(
            unit: unit,
            rule: (["\(overlap) ≥ \(least)"]
                + (outcomes.minimumScore.map { ["score ≥ \(SVGCanvas.decimal($0))"] } ?? []))
                .joined(separator: ", "),
            minimumScore: outcomes.minimumScore, notes: notes,
            classes: zip(names, outcomes.classes).map { Row(name: $0, counts: $1) })
    }

    /// The counts in words: "14 of 20 segments found, 6 missed, 3 invented".
    package var headline: String {
        "\(total.found) of \(total.annotated) \(unit) found, \(total.missed) missed, "
            + "\(total.invented) invented"
    }

    /// The headline with the rule.
    package var title: String { headline + (rule.map { " (at \($0))" } ?? "") }
}
