// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
package import Files
import Foundation
import Metrics
import Reports

/// Pictures of what detections scored.
package struct DetectionCurves {
    /// The scores; with error breakdown where it is to be drawn.
    package let evaluation: DetectionEvaluation

    /// The pictures of an evaluation.
    package init(_ evaluation: DetectionEvaluation) { self.evaluation = evaluation }

    /// Writes `precision-recall.svg` (mean over classes), one `precision-recall-NUMBER-NAME.svg` a
    /// class that has objects, and `errors.svg`.
    ///
    /// - Returns: The files in the order in which they were written.
    /// - Throws: One line for a folder or file that cannot be written.
    package func write(to folder: String) throws(InputError) -> [String] {
        var files: [String] = []
        func put(_ name: String, _ picture: String) throws(InputError) {
            try AtomicFile.write(picture, to: "\(folder)/\(name)")
            files.append("\(folder)/\(name)")
        }
        try FileSystem.makeFolder(folder)
        try put("precision-recall.svg", curve("mean over classes", nil).svg())
        for (label, name) in evaluation.classNames.enumerated()
        where evaluation.scores.classes[label].positives[0] > 0 {
            let plain = name.lowercased().map {
                $0.isASCII && $0.isLetter || $0.isNumber ? $0 : "-"
            }
            try put(
                "precision-recall-\(label + 1)-\(String(plain.prefix(60))).svg",
                curve(name, label).svg())
        }
        if let errors = evaluation.errors { try put("errors.svg", Self.bars(errors).svg()) }
        return files
    }

    /// Precision over recall at IoU 0.5 and 0.75; of the mean where `label` is nil.
    private func curve(_ name: String, _ label: Int?) -> LineChart {
        let scores = evaluation.scores
        return LineChart(
            title: "Precision and recall: \(name)", xLabel: "recall", yLabel: "precision",
            series: [0.5, 0.75].map { threshold in
                let value =
                    label.map { scores.averagePrecision(of: $0, at: threshold) }
                    ?? scores.averagePrecision(at: threshold)
                let precisions = scores.precisionCurve(of: label, at: threshold)
                return .init(
                    name: "IoU \(threshold), AP \(DetectionEvaluation.text(value))",
                    points: zip(BoxAveragePrecision.recalls, precisions).map { ($0, $1) })
            })
    }

    private static func bars(_ errors: BoxErrorBreakdown) -> BarChart {
        BarChart(
            title: "What errors cost (AP50 \(NumberText.decimals(errors.averagePrecision, 3)))",
            label: "AP50 gained where errors of one kind are put right",
            bars: errors.costs.map {
                .init(
                    name: $0.kind.rawValue, value: $0.averagePrecision,
                    text: "\(NumberText.decimals($0.averagePrecision, 3))  (\($0.count))")
            })
    }
}
