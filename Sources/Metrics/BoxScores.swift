// SPDX-License-Identifier: Apache-2.0

/// What detections of boxes scored.
///
/// A score that nothing was there for is -1, as in pycocotools.
package struct BoxScores: Sendable, Equatable {
    /// What one class got.
    package struct ClassScore: Sendable, Equatable {
        /// Annotated boxes, ignored ones included.
        package let boxes: Int
        /// Predictions of this class, those beyond the limit included.
        package let predictions: Int
        /// Objects that count, for each area range.
        package let positives: [Int]
        /// `[range][threshold]`, at the largest number of predictions.
        package let averagePrecision: [[Double]]
        /// `[range][threshold][number of predictions]`.
        package let recall: [[[Double]]]
        /// The least error of localization, recall and precision; nil where no object counts.
        package let localizationRecallPrecision: LocalizationRecallPrecision?
        /// `[threshold][recall]` over all areas, at ``BoxAveragePrecision/recalls``; empty lists
        /// where no object counts.
        package let precisionCurves: [[Double]]
    }

    /// A number with its name in the field, such as "AP50".
    package struct Score: Sendable, Equatable {
        /// The name.
        package let name: String
        /// In [0, 1], or -1.
        package let value: Double
    }

    /// The rules.
    package let rules: BoxProtocol
    /// The classes by rising label.
    package let classes: [ClassScore]

    /// The protocol's summary: AP, AP50, AP75, AP of each size, AR at each number of predictions,
    /// AR of each size; then what the protocol has beyond these.
    package var summary: [Score] {
        let last = rules.maximumDetections.count - 1
        let sizes = rules.areaRanges.indices.dropFirst()
        var scores = [Score(name: "AP", value: averagePrecision())]
        for percent in [50, 75] {
            scores.append(
                Score(name: "AP\(percent)", value: averagePrecision(at: Double(percent) / 100)))
        }
        for size in sizes {
            scores.append(
                Score(
                    name: "AP" + rules.areaRanges[size].suffix,
                    value: averagePrecision(range: size)))
        }
        for (limit, count) in rules.maximumDetections.enumerated() {
            scores.append(Score(name: "AR\(count)", value: averageRecall(limit: limit)))
        }
        for size in sizes {
            scores.append(
                Score(
                    name: "AR" + rules.areaRanges[size].suffix,
                    value: averageRecall(range: size, limit: last)))
        }
        for threshold in rules.furtherThresholds {
            let percent = Int((threshold * 100).rounded())
            scores.append(
                Score(name: "AP\(percent)", value: averagePrecision(at: threshold)))
        }
        if rules.reportsLocalizationRecallPrecision {
            let errors = classes.compactMap(\.localizationRecallPrecision)
            scores += [
                Score(name: "oLRP", value: Self.mean(errors.map(\.error))),
                Score(name: "oLRPLoc", value: Self.mean(errors.map(\.localization))),
                Score(name: "oLRPFP", value: Self.mean(errors.map(\.falsePositives))),
                Score(name: "oLRPFN", value: Self.mean(errors.map(\.falseNegatives))),
            ]
        }
        return scores
    }

    /// Precision at ``BoxAveragePrecision/recalls`` at a threshold: of one class, or the mean of
    /// those that have objects; empty where there is none.
    package func precisionCurve(of label: Int? = nil, at threshold: Double) -> [Double] {
        guard let place = rules.allThresholds.firstIndex(where: { abs($0 - threshold) < 1e-9 })
        else { return [] }
        let rows = label.map { [classes[$0]] } ?? classes
        let curves = rows.compactMap { row -> [Double]? in
            place < row.precisionCurves.count && !row.precisionCurves[place].isEmpty
                ? row.precisionCurves[place] : nil
        }
        guard let first = curves.first else { return [] }
        return first.indices.map { index in
            curves.reduce(0) { $0 + $1[index] } / Double(curves.count)
        }
    }

    /// Mean average precision over classes and thresholds, or at one threshold; -1 for none.
    package func averagePrecision(at threshold: Double? = nil, range: Int = 0) -> Double {
        Self.mean(classes.flatMap { precisions(of: $0, at: threshold, range: range) })
    }

    /// Average precision of one class; -1 where no object of it counts.
    package func averagePrecision(of label: Int, at threshold: Double? = nil) -> Double {
        Self.mean(precisions(of: classes[label], at: threshold, range: 0))
    }

    private func precisions(
        of row: ClassScore, at threshold: Double?, range: Int
    ) -> [Double] {
        guard let threshold else {
            return Array(row.averagePrecision[range].prefix(rules.thresholds.count))
        }
        return zip(rules.allThresholds, row.averagePrecision[range]).compactMap { one, value in
            abs(threshold - one) < 1e-9 ? value : nil
        }
    }

    /// Mean recall over classes and thresholds at one number of predictions; -1 for none.
    private func averageRecall(range: Int = 0, limit: Int) -> Double {
        Self.mean(
            classes.flatMap { $0.recall[range].prefix(rules.thresholds.count).map { $0[limit] } })
    }

    /// Mean of what is there; -1 where nothing is.
    private static func mean(_ values: [Double]) -> Double {
        let present = values.filter { $0 > -1 }
        return present.isEmpty ? -1 : present.reduce(0, +) / Double(present.count)
    }
}
