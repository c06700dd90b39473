// SPDX-License-Identifier: Apache-2.0
package import Files
import Metrics

/// How a diagnosis looks at results.
package struct DiagnosisOptions: Sendable, Equatable {
    /// Where the buckets of length, coverage and instances end.
    package var buckets = BucketScheme.activitynet

    /// The k of the top-kG predictions: of each class with G segments the best k · G are looked at.
    package var groups = 10

    /// Normalised precision at or below which a segment does not count as found.
    ///
    /// Only for the recall: without it, a detector finds everything by predicting everything.
    package var minimumPrecision = 0.05

    /// The published settings.
    package init() {}
}

/// Where temporal detections go wrong, after Alwassel et al., ECCV 2018 ("DETAD").
///
/// Normalised mAP takes every class, and every bucket of segments, as if it held the mean number of
/// segments of a class, so that the numbers can be compared. Numbers over thresholds are means.
package struct TemporalDiagnosis: Sendable, Encodable, Equatable {
    /// Predictions of falling score, a slice of equal size from every class.
    package struct Group: Sendable, Encodable, Equatable {
        /// How many.
        package let predictions: Int
        /// The part with each outcome, together 1; nothing for an empty group.
        package let share: [PredictionOutcome: Double]
    }

    /// The best predictions by outcome, and what the false ones cost.
    package struct FalsePositives: Sendable, Encodable, Equatable {
        /// Group k holds the predictions of each class from (k − 1) · G to k · G.
        package let groups: [Group]
        /// All groups together.
        package let all: Group
        /// Normalised mAP of the predictions looked at.
        package let normalizedMAP: Double
        /// What is added to it where the false positives of one kind are taken out.
        package let gain: [PredictionOutcome: Double]
    }

    /// The segments of one bucket.
    package struct Bucket: Sendable, Encodable, Equatable {
        /// "XS" and so on.
        package let name: String
        /// Values above this and up to the next; nil without a bound.
        package let above, upTo: Double?
        /// Annotated segments in it.
        package let segments: Int
        /// The part of them that was found at the least precision; nil without segments.
        package let recall: Double?
        /// Normalised mAP on them, predictions that find others left out; nil without segments.
        package let normalizedMAP: Double?
    }

    /// One class.
    package struct ClassRow: Sendable, Encodable, Equatable {
        /// Its name.
        package let label: String
        /// Annotated segments and predictions.
        package let segments, predictions: Int
        /// Average precision as the evaluation has it, and normalised.
        package let averagePrecision, normalizedAP: Double
        /// The part of its segments that was found at the least precision.
        package let recall: Double
        /// The best predictions by outcome, how many.
        package let outcomes: [PredictionOutcome: Double]
    }

    /// A pair of classes that are taken for each other.
    package struct MistakenClass: Sendable, Encodable, Equatable {
        /// The predicted class, and that of the segment which the prediction overlaps most.
        package let predicted, annotated: String
        /// Predictions, as a mean over thresholds.
        package let count: Double
    }

    /// The tIoU thresholds.
    package let tIoU: [Double]
    /// mAP as the evaluation has it.
    package let mAP: Double
    /// Normalised mAP of all predictions.
    package let normalizedMAP: Double
    /// The mean number of segments of a class.
    package let segmentsPerClass: Double
    /// The least normalised precision of the recalls.
    package let minimumPrecision: Double
    /// The part of all segments that was found at the least precision.
    package let recall: Double
    /// The best predictions by outcome.
    package let falsePositives: FalsePositives
    /// Recall and normalised mAP by bucket; without coverage where a video states no length.
    package let characteristics: [Characteristic]
    /// Every class of the ground truth, by name.
    package let classes: [ClassRow]
    /// The pairs of classes most often taken for each other, at most 20.
    package let mistakenClasses: [MistakenClass]

    /// Recall and normalised mAP by bucket of one characteristic.
    package struct Characteristic: Sendable, Encodable, Equatable {
        /// Which.
        package let kind: SegmentCharacteristic
        /// Its buckets from small to large.
        package let buckets: [Bucket]
    }
}

extension TemporalDiagnosis {
    /// Reads two files and diagnoses.
    ///
    /// - Returns: The diagnosis and the score of the same files by the evaluation.
    /// - Throws: As ``TemporalEvaluation/evaluate(groundTruth:predictions:options:)``.
    package static func diagnose(
        groundTruth: String, predictions: String, evaluation: EvaluationOptions,
        options: DiagnosisOptions = DiagnosisOptions()
    ) throws(InputError) -> (diagnosis: TemporalDiagnosis, evaluation: TemporalEvaluation) {
        let items = try EvaluationItems(
            groundTruth: groundTruth, predictions: predictions, options: evaluation)
        let score = TemporalEvaluation(items, evaluation.thresholds)
        return (TemporalDiagnosis(items, score, options), score)
    }

    init(_ items: EvaluationItems, _ score: TemporalEvaluation, _ options: DiagnosisOptions) {
        let matches = DiagnosisMatches(items, score.thresholds)
        let profile = OutcomeProfile(matches, items, groups: options.groups)
        let found = FoundSegments(matches, minimumPrecision: options.minimumPrecision)
        let perClass = matches.classes.map { entry in
            matches.normalizedAP(entry.matching, positives: entry.matching.truths.count) { _, _ in
                true
            }
        }
        tIoU = score.thresholds
        mAP = score.average
        normalizedMAP = perClass.mean
        segmentsPerClass = matches.meanCount
        minimumPrecision = options.minimumPrecision
        recall = found.recall(Array(items.truths.indices)) ?? 0
        falsePositives = profile.result
        mistakenClasses = profile.mistakenClasses
        characteristics = SegmentCharacteristic.allCases.compactMap {
            Characteristic($0, matches, items, found, options.buckets)
        }
        classes = zip(zip(score.perClass, perClass), matches.classes).map { row, entry in
            ClassRow(
                label: row.0.label, segments: row.0.segments, predictions: row.0.predictions,
                averagePrecision: row.0.mean, normalizedAP: row.1,
                recall: found.recall(entry.matching.truths) ?? 0,
                outcomes: profile.outcomes(label: entry.label))
        }
    }
}

/// The matching of every class, and average precision on parts of it.
struct DiagnosisMatches {
    /// The classes of the ground truth by rising label.
    let classes: [(label: Int, matching: TemporalMatching)]
    /// The tIoU thresholds.
    let thresholds: [Double]
    /// The mean number of segments of a class.
    let meanCount: Double
    /// Number of annotated segments.
    let truthCount: Int

    init(_ items: EvaluationItems, _ thresholds: [Double]) {
        var classes: [(label: Int, matching: TemporalMatching)] = []
        TemporalAveragePrecision(thresholds: thresholds).forEachClass(
            groundTruth: items.truths, predictions: items.guesses
        ) { classes.append(($0, $1)) }
        self.classes = classes
        self.thresholds = thresholds
        truthCount = items.truths.count
        meanCount = Double(items.truths.count) / Double(max(1, classes.count))
    }

    /// Normalised average precision over some predictions of a class, mean over thresholds.
    ///
    /// - Parameter isCounted: Whether the prediction at a place counts at a threshold number.
    func normalizedAP(
        _ matching: TemporalMatching, positives: Int, places: Int? = nil,
        isCounted: (_ threshold: Int, _ place: Int) -> Bool
    ) -> Double {
        thresholds.indices.map { threshold in
            var curve = AveragePrecision()
            for place in 0..<(places ?? matching.ranked.count) where isCounted(threshold, place) {
                curve.append(
                    isTruePositive: matching.match(threshold: threshold, place: place) != nil)
            }
            return curve.value(positives: positives, normalizedTo: meanCount)
        }.mean
    }
}

extension [Double] {
    /// Arithmetic mean; 0 for nothing.
    var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
