// SPDX-License-Identifier: Apache-2.0
package import Files
import Metrics

/// What is evaluated and how.
package struct EvaluationOptions: Sendable, Equatable {
    /// Only ground truth of this subset counts; all with nil.
    package var subset: String?

    /// The tIoU thresholds, in (0, 1].
    package var thresholds: [Double]

    /// Videos left out of ground truth and predictions alike.
    package var blockedVideos: Set<String>

    /// Whether faulty entries of both files are dropped and counted instead of failing.
    package var keepGoing: Bool

    /// The ActivityNet protocol on all videos, unless said otherwise.
    package init(
        subset: String? = nil, thresholds: [Double] = EvaluationThresholds.activityNet,
        blockedVideos: Set<String> = [], keepGoing: Bool = false
    ) {
        self.subset = subset
        self.thresholds = thresholds
        self.blockedVideos = blockedVideos
        self.keepGoing = keepGoing
    }
}

extension TemporalEvaluation {
    /// Scores a prediction file against an annotation file by the ActivityNet protocol.
    ///
    /// Predictions for videos that the ground truth (of the subset) lacks are false positives,
    /// as in the protocol's own script, and are counted. Predictions of labels that the ground
    /// truth lacks find nothing and are counted: no class's precision holds them, as in OpenTAD
    /// (the protocol's own script ends at the first). Annotated segments without length and
    /// repeated ones are scored as the script does it. Predictions of equal score keep file order.
    ///
    /// - Throws: one line for a file that cannot be read, for a ground truth without segments,
    ///   and where no predicted video is known: then the two files do not belong together.
    package static func evaluate(
        groundTruth: String, predictions: String, options: EvaluationOptions = EvaluationOptions()
    ) throws(InputError) -> TemporalEvaluation {
        try TemporalEvaluation(
            EvaluationItems(groundTruth: groundTruth, predictions: predictions, options: options),
            options.thresholds)
    }

    /// Scores `results` against `annotations`; the names stand for the two in messages.
    ///
    /// - Throws: as ``evaluate(groundTruth:predictions:options:)``.
    package static func evaluate(
        annotations: ActivityNetAnnotations, results: ActivityNetResults,
        options: EvaluationOptions = EvaluationOptions(),
        groundTruthName: String = "ground truth", predictionsName: String = "predictions"
    ) throws(InputError) -> TemporalEvaluation {
        let items = try EvaluationItems(
            annotations, results, options, groundTruthName: groundTruthName,
            predictionsName: predictionsName)
        return TemporalEvaluation(items, options.thresholds)
    }

    /// Scores what was read.
    init(_ items: EvaluationItems, _ thresholds: [Double]) {
        let score = TemporalAveragePrecision(thresholds: thresholds).evaluate(
            groundTruth: items.truths, predictions: items.guesses)
        self.init(
            thresholds: thresholds,
            perClass: score.classes.map { row in
                ClassScore(
                    label: items.labels[row.label], segments: row.groundTruthCount,
                    predictions: row.predictionCount, averagePrecision: row.averagePrecision)
            },
            videos: items.videos.count, segments: items.truths.count,
            predictions: items.guesses.count, unknownLabels: items.unknownLabels,
            unknownLabelPredictions: score.unscoredCount, unknownVideos: items.unknownVideos,
            silentVideos: items.silentVideos, blockedVideos: items.blockedVideos,
            zeroLengthSegments: items.zeroLengthSegments,
            repeatedSegments: items.repeatedSegments,
            droppedAnnotations: items.droppedAnnotations,
            droppedPredictions: items.droppedPredictions, dropped: items.dropped)
    }
}
