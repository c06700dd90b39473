// SPDX-License-Identifier: Apache-2.0
import Files

/// The score of temporal detections, ready for people and for scripts.
///
/// As JSON: `mAP` (mean over thresholds), `mAP@0.50` … for each threshold, `tIoU` (the
/// thresholds), `perClass` (`{label: {"AP": …, "AP@0.50": …, "segments": …,
/// "predictions": …}}`) and the counts below.
package struct TemporalEvaluation: Sendable, Equatable {
    /// What one class got.
    package struct ClassScore: Sendable, Equatable {
        /// Name of the class.
        package let label: String

        /// Number of annotated segments.
        package let segments: Int

        /// Number of predictions.
        package let predictions: Int

        /// Average precision at each threshold, in [0, 1].
        package let averagePrecision: [Double]

        /// Mean over the thresholds.
        package var mean: Double { Self.mean(averagePrecision) }

        /// Arithmetic mean; 0 for nothing.
        fileprivate static func mean(_ values: [Double]) -> Double {
            values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        }
    }

    /// The tIoU thresholds.
    package let thresholds: [Double]

    /// Every class of the ground truth, by name.
    package let perClass: [ClassScore]

    /// Number of ground-truth videos.
    package let videos: Int

    /// Number of annotated segments.
    package let segments: Int

    /// Number of predictions, without those of blocked videos.
    package let predictions: Int

    /// Predicted labels that the ground truth lacks, in order of first appearance.
    package let unknownLabels: [String]

    /// Number of predictions with such a label; they find nothing.
    package let unknownLabelPredictions: Int

    /// Predicted videos that the ground truth lacks, by name; their predictions are false.
    package let unknownVideos: [String]

    /// Videos of the ground truth for which nothing is predicted, by name.
    package let silentVideos: [String]

    /// Number of predicted videos left out because they are blocked.
    package let blockedVideos: Int

    /// Number of annotated segments whose end is their start; they count as any other.
    package let zeroLengthSegments: Int

    /// Number of annotated segments that repeat an earlier one; they count as any other.
    package let repeatedSegments: Int

    /// Number of faulty annotations left out (only when asked to keep going).
    package let droppedAnnotations: Int

    /// Number of faulty predictions left out (only when asked to keep going).
    package let droppedPredictions: Int

    /// One line for each faulty entry that was left out, the first 20 of either file.
    package let dropped: [String]

    /// Mean over classes at each threshold.
    package var meanAveragePrecision: [Double] {
        thresholds.indices.map { index in
            ClassScore.mean(perClass.map { $0.averagePrecision[index] })
        }
    }

    /// Mean over classes and thresholds: the headline.
    package var average: Double { ClassScore.mean(meanAveragePrecision) }

    /// A table for people: one line a class, the mean, and what was counted.
    ///
    /// At most six thresholds are shown as columns (the first, the last and some between).
    package var table: String {
        var shown = Array(thresholds.indices)
        if shown.count > 6 {
            let last = shown.count - 1
            shown = (0...4).map { Int((Double($0 * last) / 4).rounded()) }
        }
        var rows = [
            ["class", "segments", "predictions"]
                + shown.map { "AP@" + EvaluationThresholds.name(thresholds[$0]) } + ["AP"]
        ]
        for row in perClass {
            rows.append(
                [row.label, "\(row.segments)", "\(row.predictions)"]
                    + shown.map { Self.text(row.averagePrecision[$0]) } + [Self.text(row.mean)])
        }
        rows.append(
            ["mean", "\(segments)", "\(predictions)"]
                + shown.map { Self.text(meanAveragePrecision[$0]) } + [Self.text(average)])
        let widths = rows[0].indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        var lines = rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + space : space + text
            }.joined(separator: "  ")
        }
        lines.append(
            "\(videos) videos; AP is the mean over \(thresholds.count) tIoU thresholds "
                + "(\(EvaluationThresholds.name(thresholds.first ?? 0)) to "
                + "\(EvaluationThresholds.name(thresholds.last ?? 0)))")
        return (lines + remarks).joined(separator: "\n")
    }

    /// One line for each thing that was left out or did not fit; empty where all was well.
    package var remarks: [String] {
        var lines: [String] = []
        if !unknownLabels.isEmpty {
            lines.append(
                "unknown labels: \(unknownLabels.count) (\(Self.list(unknownLabels))), their "
                    + "\(unknownLabelPredictions) predictions find nothing and are in no class's "
                    + "AP")
        }
        return lines
            + Self.remarks(
                unknownVideos: unknownVideos, silentVideos: silentVideos,
                blockedVideos: blockedVideos, zeroLengthSegments: zeroLengthSegments,
                repeatedSegments: repeatedSegments, droppedAnnotations: droppedAnnotations,
                droppedPredictions: droppedPredictions, dropped: dropped)
    }

    /// The lines that detections and proposals share.
    static func remarks(
        unknownVideos: [String], silentVideos: [String], blockedVideos: Int,
        zeroLengthSegments: Int, repeatedSegments: Int, droppedAnnotations: Int,
        droppedPredictions: Int, dropped: [String]
    ) -> [String] {
        var lines: [String] = []
        if !unknownVideos.isEmpty {
            lines.append(
                "videos outside the ground truth: \(unknownVideos.count) "
                    + "(\(list(unknownVideos))), their predictions count as false")
        }
        if !silentVideos.isEmpty {
            lines.append(
                "videos without a prediction: \(silentVideos.count) (\(list(silentVideos)))")
        }
        if blockedVideos > 0 { lines.append("blocked videos left out: \(blockedVideos)") }
        if zeroLengthSegments + repeatedSegments > 0 {
            lines.append(
                "annotated segments without length: \(zeroLengthSegments), repeated: "
                    + "\(repeatedSegments); scored like any other, as by ActivityNet's own script")
        }
        if droppedAnnotations > 0 {
            lines.append("faulty annotations dropped: \(droppedAnnotations)")
        }
        if droppedPredictions > 0 {
            lines.append("faulty predictions dropped: \(droppedPredictions)")
        }
        return lines + dropped.map { "  \($0)" }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(3).map(MessageText.quoted).joined(separator: ", ")
            + (names.count > 3 ? " …" : "")
    }

    /// `value` with three decimals.
    static func text(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
