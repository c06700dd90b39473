// SPDX-License-Identifier: Apache-2.0
package import Files
package import Metrics
import TextFormats

/// The score of proposals without classes by the ActivityNet protocol.
///
/// As JSON: `AUC` (area under the curve over 100, in [0, 1]), `AR@1`, `AR@5`, `AR@10`, `AR@50`,
/// `AR@100`, `averageRecall` (at an average of 1, 2, …, 100 proposals a video), `tIoU` and counts.
package struct ProposalEvaluation: Sendable, Equatable {
    /// The tIoU thresholds.
    package let thresholds: [Double]
    /// The curve and its area.
    package let result: TemporalAverageRecall.Result
    /// Number of ground-truth videos, those without segments included.
    package let videos: Int
    /// Number of annotated segments.
    package let segments: Int
    /// Number of proposals, without those of blocked videos.
    package let proposals: Int
    /// One line for each thing that was left out or did not fit.
    package let remarks: [String]
    /// Number of faulty entries of both files left out (only when asked to keep going).
    package let droppedEntries: Int
    /// One line for each of them, the first 20 of either file.
    package let dropped: [String]

    /// The headline: the area under the curve, in [0, 0.99].
    package var area: Double { result.area }

    /// Average numbers of proposals that have a score of their own.
    static let shown = [1, 5, 10, 50, 100]

    /// Scores a file of proposals against an annotation file; labels of either are passed over.
    ///
    /// - Throws: As ``TemporalEvaluation/evaluate(groundTruth:predictions:options:)``.
    package static func evaluate(
        groundTruth: String, predictions: String, options: EvaluationOptions = EvaluationOptions()
    ) throws(InputError) -> ProposalEvaluation {
        let items = try EvaluationItems(
            groundTruth: groundTruth, predictions: predictions, options: options,
            needsLabels: false)
        return ProposalEvaluation(
            thresholds: options.thresholds,
            result: TemporalAverageRecall(thresholds: options.thresholds).evaluate(
                groundTruth: items.truths, proposals: items.guesses),
            videos: items.videos.count, segments: items.truths.count,
            proposals: items.guesses.count,
            remarks: TemporalEvaluation.remarks(
                unknownVideos: items.unknownVideos, silentVideos: items.silentVideos,
                blockedVideos: items.blockedVideos, zeroLengthSegments: items.zeroLengthSegments,
                repeatedSegments: items.repeatedSegments,
                droppedAnnotations: items.droppedAnnotations,
                droppedPredictions: items.droppedPredictions, dropped: items.dropped),
            droppedEntries: items.droppedAnnotations + items.droppedPredictions,
            dropped: items.dropped)
    }

    /// For people: recall at some numbers, the area, what was counted.
    package var table: String {
        let names = Self.shown.map { "AR@\($0)" } + ["AUC"]
        let values =
            (Self.shown.map { result.averageRecall[$0 - 1] } + [result.area])
            .map(TemporalEvaluation.text)
        func line(_ cells: [String]) -> String {
            cells.map { String(repeating: " ", count: max(0, 6 - $0.count)) + $0 }
                .joined(separator: "  ")
        }
        return
            ([
                line(names), line(values),
                "\(segments) segments of \(videos) videos, \(proposals) proposals; recall is the "
                    + "mean over \(thresholds.count) tIoU thresholds "
                    + "(\(EvaluationThresholds.name(thresholds.first ?? 0)) to "
                    + "\(EvaluationThresholds.name(thresholds.last ?? 0))), AUC the area under AR "
                    + "over an average of 1 to 100 proposals a video",
            ] + remarks).joined(separator: "\n")
    }
}

extension ProposalEvaluation: Encodable {
    /// Writes the keys that scripts read; see the type.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NamedKey.self)
        try container.encode(result.area, forKey: NamedKey("AUC"))
        for number in Self.shown {
            try container.encode(
                result.averageRecall[number - 1], forKey: NamedKey("AR@\(number)"))
        }
        try container.encode(result.averageRecall, forKey: NamedKey("averageRecall"))
        try container.encode(thresholds, forKey: NamedKey("tIoU"))
        try container.encode(videos, forKey: NamedKey("videos"))
        try container.encode(segments, forKey: NamedKey("segments"))
        try container.encode(proposals, forKey: NamedKey("proposals"))
        try container.encode(remarks, forKey: NamedKey("remarks"))
    }
}
