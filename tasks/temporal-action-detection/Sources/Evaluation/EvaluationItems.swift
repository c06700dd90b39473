// SPDX-License-Identifier: Apache-2.0
import Files
import Regions

/// Ground truth and predictions as numbered segments, ready to be compared.
struct EvaluationItems {
    /// The classes of the ground truth by name; a label is a position here, others come after.
    let labels: [String]
    /// The videos of the ground truth; a video's number is its position here, others come after.
    let videos: [ActivityNetAnnotations.Video]
    /// The annotated segments.
    private(set) var truths: [Item<Segment>] = []
    /// The predictions in file order.
    private(set) var guesses: [Item<Segment>] = []
    /// Predicted labels that the ground truth lacks, in order of first appearance.
    let unknownLabels: [String]
    /// Predicted videos that the ground truth lacks, by name.
    let unknownVideos: [String]
    /// Number of predicted videos left out because they are blocked.
    let blockedVideos: Int
    /// Videos of the ground truth for which nothing is predicted, by name.
    let silentVideos: [String]
    /// Annotated segments without length.
    let zeroLengthSegments: Int
    /// Annotated segments that repeat an earlier one.
    let repeatedSegments: Int
    /// Number of faulty annotations left out while reading.
    let droppedAnnotations: Int
    /// Number of faulty predictions left out while reading.
    let droppedPredictions: Int
    /// One line for each faulty entry that was left out, the first 20 of either file.
    let dropped: [String]

    /// Reads and numbers two files; the ground truth of any form that `tad prepare` reads.
    ///
    /// - Parameter needsLabels: Whether predictions must have labels.
    /// - Throws: As ``init(_:_:_:groundTruthName:predictionsName:)``, and for what can't be read.
    init(
        groundTruth: String, predictions: String, options: EvaluationOptions,
        needsLabels: Bool = true
    ) throws(InputError) {
        let source = try AnnotationSource(groundTruth)
        var options = options
        options.blockedVideos.formUnion(source.excludedVideos)
        var reading = AnnotationOptions.evaluation
        reading.subset = options.subset
        reading.keepGoing = options.keepGoing
        reading.excludedVideos = options.blockedVideos
        try self.init(
            source.read(options: reading) { _, _ in nil },
            ActivityNetResults.read(
                predictions, keepGoing: options.keepGoing, needsLabels: needsLabels), options,
            groundTruthName: groundTruth, predictionsName: predictions)
    }

    /// Numbers what was read; the names stand for the files in messages.
    ///
    /// - Throws: One line for a ground truth without segments, and where no predicted video is
    ///   known: then the two files do not belong together.
    init(
        _ annotations: ActivityNetAnnotations, _ results: ActivityNetResults,
        _ options: EvaluationOptions, groundTruthName: String, predictionsName: String
    ) throws(InputError) {
        videos = annotations.videos.filter {
            !options.blockedVideos.contains($0.id)
                && (options.subset == nil || $0.subset == options.subset)
        }
        labels = Array(Set(videos.flatMap { $0.annotations.map(\.label) })).sorted()
        guard !labels.isEmpty else {
            throw InputError(
                "\(groundTruthName): has no annotated segment to score against; expected at "
                    + "least one, check the file and the subset")
        }
        var numbers = LabelNumbers(labels)
        var videoNumbers: [String: Int] = [:]
        for video in videos {
            let number = videoNumbers.count
            videoNumbers[video.id] = number
            for annotation in video.annotations {
                truths.append(
                    Item(annotation.segment, label: numbers[annotation.label], in: number))
            }
        }

        guesses.reserveCapacity(results.count)
        var unknown: [String] = []
        var blocked = 0
        for video in results.videos {
            if options.blockedVideos.contains(video.id) {
                blocked += 1
                continue
            }
            if videoNumbers[video.id] == nil { unknown.append(video.id) }
            // A video outside the ground truth gets a number of its own: only false positives.
            let number = videoNumbers[video.id] ?? videoNumbers.count + unknown.count
            for detection in video.detections {
                guesses.append(
                    Item(
                        detection.segment, label: numbers[detection.label], score: detection.score,
                        in: number))
            }
        }
        let considered = results.videos.count - blocked
        guard considered == 0 || unknown.count < considered else {
            throw InputError(
                "\(predictionsName): none of its \(considered) videos (first: "
                    + "\(MessageText.quoted(unknown[0]))) is among the \(videos.count) "
                    + "of the ground truth (first: \(MessageText.quoted(videos[0].id))); "
                    + "expected the same ids, check the subset and prefixes such as \"v_\"")
        }
        unknownLabels = numbers.added
        unknownVideos = unknown.sorted()
        blockedVideos = blocked
        let spoken = Set(guesses.map(\.source))
        let known = videos
        silentVideos = known.indices.filter { !spoken.contains($0) }.map { known[$0].id }.sorted()
        let scored = Set(known.map(\.id))
        let kept = annotations.issues.filter { $0.action == .kept && scored.contains($0.video) }
        zeroLengthSegments = kept.count { $0.kind == .empty }
        repeatedSegments = kept.count { $0.kind == .duplicate }
        let faulty = annotations.issues.filter { $0.action == .dropped }
        droppedAnnotations = faulty.count
        droppedPredictions = results.dropped.count
        dropped = faulty.prefix(20).map(\.description) + results.dropped.prefix(20)
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
