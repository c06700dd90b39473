// SPDX-License-Identifier: Apache-2.0
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

    /// Reads a list of blocked videos: a JSON list of ids, or an object whose names are the ids.
    ///
    /// - Throws: one line for anything else.
    package static func readBlockedVideos(
        _ path: String
    ) throws(ActivityNetError) -> Set<String> {
        let root = try ActivityNetJSON.read(path)
        switch root.kind {
        case .object(let members): return Set(members.map(\.name))
        case .array(let items):
            let ids = items.compactMap(\.string)
            if ids.count == items.count { return Set(ids) }
        default: break
        }
        throw ActivityNetError(
            "\(path): found \(root.summary); expected a JSON list of video ids, or an object "
                + "whose names are video ids")
    }
}

extension TemporalEvaluation {
    /// Scores a prediction file against an annotation file by the ActivityNet protocol.
    ///
    /// Predictions for videos that the ground truth (of the subset) lacks are false positives,
    /// as in the protocol's own script, and are counted. Predictions of labels that the ground
    /// truth lacks score nothing and are counted. Predictions of equal score keep file order.
    ///
    /// - Throws: one line for a file that cannot be read, for a ground truth without segments,
    ///   and where no predicted video, or no predicted label, is known: then the two files do
    ///   not belong together.
    package static func evaluate(
        groundTruth: String, predictions: String, options: EvaluationOptions = EvaluationOptions()
    ) throws(ActivityNetError) -> TemporalEvaluation {
        var reading = AnnotationOptions.evaluation
        reading.subset = options.subset
        reading.keepGoing = options.keepGoing
        let annotations = try ActivityNetAnnotations.read(groundTruth, options: reading)
        let results = try ActivityNetResults.read(predictions, keepGoing: options.keepGoing)
        return try evaluate(
            annotations: annotations, results: results, options: options,
            groundTruthName: groundTruth, predictionsName: predictions)
    }

    /// Scores `results` against `annotations`; the names stand for the two in messages.
    ///
    /// - Throws: as ``evaluate(groundTruth:predictions:options:)``.
    package static func evaluate(
        annotations: ActivityNetAnnotations, results: ActivityNetResults,
        options: EvaluationOptions = EvaluationOptions(),
        groundTruthName: String = "ground truth", predictionsName: String = "predictions"
    ) throws(ActivityNetError) -> TemporalEvaluation {
        let videos = annotations.videos.filter {
            !options.blockedVideos.contains($0.id)
                && (options.subset == nil || $0.subset == options.subset)
        }
        let labels = Array(Set(videos.flatMap { $0.annotations.map(\.label) })).sorted()
        guard !labels.isEmpty else {
            throw ActivityNetError(
                "\(groundTruthName): has no annotated segment to score against; expected at "
                    + "least one, check the file and the subset")
        }
        var numbers = LabelNumbers(labels)
        var videoNumbers: [String: Int] = [:]
        var truths: [GroundTruthSegment] = []
        for video in videos {
            let number = videoNumbers.count
            videoNumbers[video.id] = number
            for annotation in video.annotations {
                truths.append(
                    GroundTruthSegment(
                        video: number, label: numbers[annotation.label],
                        segment: annotation.segment))
            }
        }

        var guesses: [PredictedSegment] = []
        guesses.reserveCapacity(results.count)
        var unknownVideos: [String] = []
        var blocked = 0
        for video in results.videos {
            if options.blockedVideos.contains(video.id) {
                blocked += 1
                continue
            }
            if videoNumbers[video.id] == nil { unknownVideos.append(video.id) }
            // A video outside the ground truth gets a number of its own: only false positives.
            let number = videoNumbers[video.id] ?? videoNumbers.count + unknownVideos.count
            for detection in video.detections {
                guesses.append(
                    PredictedSegment(
                        video: number, label: numbers[detection.label],
                        segment: detection.segment, score: detection.score))
            }
        }
        let considered = results.videos.count - blocked
        guard considered == 0 || unknownVideos.count < considered else {
            throw ActivityNetError(
                "\(predictionsName): none of its \(considered) videos (first: "
                    + "\(ActivityNetJSON.quoted(unknownVideos[0]))) is among the \(videos.count) "
                    + "of the ground truth (first: \(ActivityNetJSON.quoted(videos[0].id))); "
                    + "expected the same ids, check the subset and prefixes such as \"v_\"")
        }
        let unknownLabels = numbers.added
        guard guesses.isEmpty || guesses.contains(where: { $0.label < labels.count }) else {
            throw ActivityNetError(
                "\(predictionsName): none of its labels (first: "
                    + "\(ActivityNetJSON.quoted(unknownLabels.first ?? ""))) is among the "
                    + "\(labels.count) of the ground truth (first: "
                    + "\(ActivityNetJSON.quoted(labels[0]))); expected the same names")
        }
        let score = TemporalAveragePrecision(thresholds: options.thresholds).evaluate(
            groundTruth: truths, predictions: guesses)
        return TemporalEvaluation(
            thresholds: options.thresholds,
            perClass: score.classes.map { row in
                ClassScore(
                    label: labels[row.label], segments: row.groundTruthCount,
                    predictions: row.predictionCount, averagePrecision: row.averagePrecision)
            },
            videos: videos.count, segments: truths.count, predictions: guesses.count,
            unknownLabels: unknownLabels, unknownLabelPredictions: score.unscoredCount,
            unknownVideos: unknownVideos.sorted(), blockedVideos: blocked,
            droppedAnnotations: annotations.issues.filter { $0.action == .dropped }.count,
            droppedPredictions: results.dropped.count)
    }
}

/// Numbers for class names: those of the ground truth first, then others as they come.
private struct LabelNumbers {
    private var numbers: [String: Int]

    /// Names outside the ground truth, in order of first appearance.
    private(set) var added: [String] = []

    init(_ labels: [String]) {
        numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    }

    subscript(label: String) -> Int {
        mutating get {
            if let number = numbers[label] { return number }
            let number = numbers.count
            numbers[label] = number
            added.append(label)
            return number
        }
    }
}
