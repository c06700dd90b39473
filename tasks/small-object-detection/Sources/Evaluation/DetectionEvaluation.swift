// SPDX-License-Identifier: Apache-2.0
import Console
import Files
package import Metrics
import TextFormats

/// The score of detected boxes, ready for people and for scripts.
///
/// As JSON: the protocol's numbers under their names (`AP`, `AP50`, `APs`, `AR100`, …; null where
/// nothing was to be found), `perClass` (`{name: {"AP", "AP50", "AP75", "boxes", "predictions"}}`),
/// `protocol` and the counts below; where asked for, `errors` (`AP50`, and `{cause: {"count",
/// "AP50"}}` with what putting the cause right would gain).
package struct DetectionEvaluation: Sendable, Equatable {
    /// The protocol.
    package let `protocol`: DetectionProtocol
    /// The numbers, with curves.
    package let scores: BoxScores
    /// The causes of errors, where they were looked for.
    package let errors: BoxErrorBreakdown?
    /// Names of the classes, by label.
    package let classNames: [String]
    /// Number of annotated images.
    package let images: Int
    /// Number of annotated boxes of the scored classes.
    package let boxes: Int
    /// Number of predictions.
    package let predictions: Int
    /// Classes of predictions that the annotations lack, by number; they find nothing.
    package let unknownCategories: [Int]
    /// Number of predictions of such classes.
    package let unknownCategoryPredictions: Int
    /// Images without a prediction, by file or id.
    package let silentImages: [String]
    /// What the protocol's number of predictions leaves out.
    package let crowding: BoxCrowding
    /// Faulty annotations left out (only when asked to keep going).
    package let droppedAnnotations: Int
    /// Faulty predictions left out (only when asked to keep going).
    package let droppedPredictions: Int
    /// One line for each faulty entry that was left out, the first 20 of either file.
    package let dropped: [String]
    /// Annotations left out because they lie in ignored regions.
    package let annotationsInRegions: Int
    /// Predictions left out because they lie in ignored regions.
    package let predictionsInRegions: Int

    /// The headline.
    package var averagePrecision: Double { scores.averagePrecision() }

    /// A table for people: one line a class, then the protocol's numbers.
    package var table: String {
        var classes = TextTable(
            ["class", "boxes", "predictions", "AP", "AP50", "AP75"], numbers: [1, 2, 3, 4, 5])
        for (label, name) in classNames.enumerated() {
            let row = scores.classes[label]
            classes.append(
                [name, "\(row.boxes)", "\(row.predictions)"]
                    + [nil, 0.5, 0.75].map {
                        Self.text(scores.averagePrecision(of: label, at: $0))
                    })
        }
        classes.append(
            ["mean", "\(boxes)", "\(predictions)"]
                + [nil, 0.5, 0.75].map { Self.text(scores.averagePrecision(at: $0)) })
        let summary = scores.summary
        let numbers = summary.map { "\($0.name) \(Self.text($0.value))" }
        return ([classes.text, numbers.joined(separator: "  ")] + errorTable + remarks)
            .joined(separator: "\n")
    }

    private var errorTable: [String] {
        guard let errors else { return [] }
        var table = TextTable(["error", "count", "AP50 lost"], numbers: [1, 2])
        for cost in errors.costs {
            table.append([cost.kind.rawValue, "\(cost.count)", Self.text(cost.averagePrecision)])
        }
        return [table.text]
    }

    /// One line for each thing that was left out; empty where nothing was.
    package var remarks: [String] {
        var lines = ["protocol \(`protocol`.rawValue), images: \(images)"]
        if scores.summary.contains(where: { $0.value < 0 })
            || classNames.indices.contains(where: { scores.averagePrecision(of: $0) < 0 })
        {
            lines.append("-: no annotated object to be found there, so no score")
        }
        if !unknownCategories.isEmpty {
            lines.append(
                "classes outside the annotations: \(unknownCategories.count) (category "
                    + unknownCategories.prefix(3).map(String.init).joined(separator: ", ")
                    + (unknownCategories.count > 3 ? " …" : "")
                    + "), their \(unknownCategoryPredictions) predictions find nothing and are in "
                    + "no class's AP, as in pycocotools")
        }
        if !silentImages.isEmpty {
            lines.append(
                "images without a prediction: \(silentImages.count) ("
                    + silentImages.prefix(3).map(MessageText.quoted).joined(separator: ", ")
                    + (silentImages.count > 3 ? " …" : "") + ")")
        }
        lines += crowding.remarks
        if droppedAnnotations > 0 {
            lines.append("faulty annotations dropped: \(droppedAnnotations)")
        }
        if droppedPredictions > 0 {
            lines.append("faulty predictions dropped: \(droppedPredictions)")
        }
        if annotationsInRegions + predictionsInRegions > 0 {
            lines.append(
                "in ignored regions and left out: \(annotationsInRegions) annotations, "
                    + "\(predictionsInRegions) predictions")
        }
        return lines + dropped.map { "  \($0)" }
    }

    /// Three decimals, or a dash where nothing was to be found.
    static func text(_ value: Double) -> String {
        value < 0 ? "-" : NumberText.decimals(value, 3)
    }
}

extension DetectionEvaluation: Encodable {
    /// Writes the keys that scripts read; see the type.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NamedKey.self)
        /// No score is null.
        func score(_ value: Double) -> Double? { value < 0 ? nil : value }
        for one in scores.summary {
            try container.encode(score(one.value), forKey: NamedKey(one.name))
        }
        var classes = container.nestedContainer(
            keyedBy: NamedKey.self, forKey: NamedKey("perClass"))
        for (label, name) in classNames.enumerated() {
            var one = classes.nestedContainer(keyedBy: NamedKey.self, forKey: NamedKey(name))
            try one.encode(
                score(scores.averagePrecision(of: label)), forKey: NamedKey("AP"))
            try one.encode(
                score(scores.averagePrecision(of: label, at: 0.5)), forKey: NamedKey("AP50"))
            try one.encode(
                score(scores.averagePrecision(of: label, at: 0.75)), forKey: NamedKey("AP75"))
            try one.encode(scores.classes[label].boxes, forKey: NamedKey("boxes"))
            try one.encode(scores.classes[label].predictions, forKey: NamedKey("predictions"))
        }
        if let errors {
            var causes = container.nestedContainer(
                keyedBy: NamedKey.self, forKey: NamedKey("errors"))
            try causes.encode(errors.averagePrecision, forKey: NamedKey("AP50"))
            for cost in errors.costs {
                var one = causes.nestedContainer(
                    keyedBy: NamedKey.self, forKey: NamedKey(cost.kind.rawValue))
                try one.encode(cost.count, forKey: NamedKey("count"))
                try one.encode(cost.averagePrecision, forKey: NamedKey("AP50"))
            }
        }
        try container.encode(`protocol`.rawValue, forKey: NamedKey("protocol"))
        try container.encode(images, forKey: NamedKey("images"))
        try container.encode(boxes, forKey: NamedKey("boxes"))
        try container.encode(predictions, forKey: NamedKey("predictions"))
        try container.encode(unknownCategories, forKey: NamedKey("unknownCategories"))
        try container.encode(
            unknownCategoryPredictions, forKey: NamedKey("unknownCategoryPredictions"))
        try container.encode(silentImages, forKey: NamedKey("imagesWithoutPredictions"))
        try container.encode(crowding.images, forKey: NamedKey("imagesOverLimit"))
        try container.encode(crowding.surplus, forKey: NamedKey("predictionsOverLimit"))
        try container.encode(droppedAnnotations, forKey: NamedKey("droppedAnnotations"))
        try container.encode(droppedPredictions, forKey: NamedKey("droppedPredictions"))
        try container.encode(dropped, forKey: NamedKey("dropped"))
        try container.encode(annotationsInRegions, forKey: NamedKey("annotationsInRegions"))
        try container.encode(predictionsInRegions, forKey: NamedKey("predictionsInRegions"))
    }
}
