// SPDX-License-Identifier: Apache-2.0
import Console
package import Files
package import Metrics

/// The scores of predicted classes against true ones, as `dr2net points evaluate` prints them.
package struct PointEvaluation: Sendable, Encodable {
    /// The scores of one class.
    package struct ClassScore: Sendable, Encodable {
        /// Intersection over union; absent where the class is neither true nor predicted.
        let iou: Double?
        /// Recall; absent where the class has no points.
        let accuracy: Double?
        /// Points of the class.
        let points: Int
    }

    /// What predicting the most frequent true class everywhere would score.
    package struct Majority: Sendable, Encodable {
        /// The class.
        let label: Int
        /// Its name, its number where it has none.
        let name: String
        /// Mean intersection over union, and the share of points that are right, `OA`.
        let mIoU, overallAccuracy: Double

        private enum CodingKeys: String, CodingKey {
            case label, name, mIoU
            case overallAccuracy = "OA"
        }

        fileprivate init(_ matrix: ConfusionMatrix, _ names: [String]) {
            let points = (0..<matrix.classes).map { matrix.points(of: $0) }
            label = points.indices.reduce(0) { points[$1] > points[$0] ? $1 : $0 }
            name = names[label]
            overallAccuracy = Double(points[label]) / Double(max(1, matrix.total))
            // All other classes have an intersection of 0.
            mIoU = overallAccuracy / Double(max(1, points.count { $0 > 0 }))
        }
    }

    /// Mean intersection over union of the classes that have one.
    package let mIoU: Double
    /// The same without some classes, their points left out; absent unless asked for.
    package let mIoUWithout: Double?
    /// Mean accuracy of the classes that have points.
    package let mAcc: Double
    /// The share of points that are right, `OA`.
    package let overallAccuracy: Double
    /// The baseline that needs no prediction.
    package let majority: Majority
    /// A name for each class, its number where it has none.
    package let names: [String]
    /// By the class's name.
    package let perClass: [String: ClassScore]
    /// Points that counted, and points whose true class was to be ignored.
    package let points, ignored: Int
    /// Points by predicted label that is no class: they count as wrong.
    package let outside: [String: Int]
    /// Points left out because their true label is no class (only when asked to keep going).
    package private(set) var droppedPoints = 0
    /// One line for each such label, 20 at most.
    package private(set) var dropped: [String] = []
    /// Row by row: points of a true class by predicted class.
    package let confusion: [[Int]]

    /// The matrix with a class more where labels outside the classes were predicted.
    package var chart: (names: [String], counts: [[Int]]) {
        guard !outside.isEmpty else { return (names, confusion) }
        let rows = confusion.indices.map { label in
            confusion[label]
                + [(perClass[names[label]]?.points ?? 0) - confusion[label].reduce(0, +)]
        }
        return (names + ["none of them"], rows + [[Int](repeating: 0, count: names.count + 1)])
    }

    private enum CodingKeys: String, CodingKey {
        case mIoU, mIoUWithout, mAcc
        case overallAccuracy = "OA"
        case majority, names, perClass, points, ignored, outside, droppedPoints, dropped, confusion
    }

    /// Compares two files of labels: arrays of whole numbers (`.npy`) or clouds with classes.
    ///
    /// - Parameters:
    ///   - classes: The classes and their numbers in the files.
    ///   - without: Classes that ``mIoUWithout`` leaves out.
    ///   - keepGoing: Whether points whose true label is no class are left out and counted.
    /// - Throws: One line for files that don't fit each other, or true labels that are no class.
    package static func evaluate(
        groundTruth: String, predictions: String, classes: EvaluatedClasses,
        without: Set<Int> = [], keepGoing: Bool = false
    ) throws -> PointEvaluation {
        var truth = try LabelFile(groundTruth), predicted = try LabelFile(predictions)
        if let shape = truth.shape, let other = predicted.shape, shape != other {
            throw InputError(
                "labels of shape \(other), expected \(shape) as in \(groundTruth)",
                path: predictions)
        }
        if let count = truth.count, let other = predicted.count {
            try checkCounts(count, other, (groundTruth, predictions))
        }
        var scores = Scores(classes, (groundTruth, predictions))
        scores.keepGoing = keepGoing
        var order = SameOrder(), counts = (truth: 0, predictions: 0)
        while true {
            let part = try truth.next(PointFile.blockSize)
            let other = try predicted.next(PointFile.blockSize)
            counts.truth += part.labels.count
            counts.predictions += other.labels.count
            guard part.labels.count == other.labels.count, !part.labels.isEmpty else { break }
            if let places = part.positions, let others = other.positions {
                order.add(places, others)
            }
            try scores.add(part.labels, other.labels)
        }
        try checkCounts(counts.truth, counts.predictions, (groundTruth, predictions))
        try order.check((groundTruth, predictions))
        return try scores.result(without: without)
    }

    /// Compares labels; `paths` name both for messages.
    package static func evaluate(
        truth: [Int64], predictions: [Int64], classes: EvaluatedClasses, without: Set<Int> = [],
        paths: (truth: String, predictions: String) = ("truth", "predictions")
    ) throws(InputError) -> PointEvaluation {
        var scores = Scores(classes, paths)
        try scores.add(truth, predictions)
        return try scores.result(without: without)
    }

    private static func checkCounts(
        _ truth: Int, _ predictions: Int, _ paths: (truth: String, predictions: String)
    ) throws(InputError) {
        guard truth == predictions else {
            throw InputError(
                "labels of \(predictions) points or more, expected \(truth) as in \(paths.truth)",
                path: paths.predictions)
        }
    }

    /// What is counted while labels are compared.
    private struct Scores {
        let classes: EvaluatedClasses
        let paths: (truth: String, predictions: String)
        var matrix: ConfusionMatrix
        var keepGoing = false
        var ignored = 0, points = 0
        var strange: [Int64: String] = [:], dropped = 0
        var outside: [Int64: Int] = [:]

        init(_ classes: EvaluatedClasses, _ paths: (truth: String, predictions: String)) {
            self.classes = classes
            self.paths = paths
            matrix = ConfusionMatrix(classes: classes.count)
        }

        mutating func add(_ truth: [Int64], _ predictions: [Int64]) throws(InputError) {
            for (number, prediction) in zip(truth, predictions) {
                defer { points += 1 }
                if classes.isIgnored(number) {
                    ignored += 1
                    continue
                }
                guard let label = classes.label(of: number) else {
                    let fault = classes.unknown(number, point: points, path: paths.truth)
                    guard keepGoing else { throw fault }
                    dropped += 1
                    if strange.count < 20, strange[number] == nil {
                        strange[number] = fault.description
                    }
                    continue
                }
                if let found = classes.label(of: prediction) {
                    matrix.add(truth: label, prediction: found)
                } else {
                    matrix.addMiss(truth: label)
                    // Beyond so many the numbers aren't labels.
                    if outside[prediction] != nil || outside.count < 4096 {
                        outside[prediction, default: 0] += 1
                    }
                }
            }
        }

        func result(without: Set<Int>) throws(InputError) -> PointEvaluation {
            guard
                var result = PointEvaluation(
                    matrix, names: classes.names, ignored: ignored, outside: outside,
                    without: without)
            else {
                throw InputError(
                    "no point is left to score: \(ignored + dropped) of \(points) are ignored",
                    path: paths.truth)
            }
            result.droppedPoints = dropped
            result.dropped = strange.sorted { $0.key < $1.key }.map(\.value)
            return result
        }
    }

    /// The scores of a matrix, or nil where it is empty.
    ///
    /// - Parameters:
    ///   - names: A name for each class.
    ///   - ignored: Points whose true class was to be ignored.
    ///   - outside: Points by predicted label that is no class.
    ///   - without: Classes that ``mIoUWithout`` leaves out.
    package init?(
        _ matrix: ConfusionMatrix, names: [String], ignored: Int = 0, outside: [Int64: Int] = [:],
        without: Set<Int> = []
    ) {
        guard let iou = matrix.meanIntersectionOverUnion, let accuracy = matrix.meanAccuracy,
            let overall = matrix.overallAccuracy
        else { return nil }
        self.names = names
        self.outside = Dictionary(
            uniqueKeysWithValues: outside.map { ("\($0)", $1) })
        mIoU = iou
        mIoUWithout =
            without.isEmpty ? nil : matrix.meanIntersectionOverUnion(without: without)
        majority = Majority(matrix, names)
        mAcc = accuracy
        overallAccuracy = overall
        perClass = Dictionary(
            (0..<matrix.classes).map { label in
                (
                    names[label],
                    ClassScore(
                        iou: matrix.intersectionOverUnion(of: label),
                        accuracy: matrix.accuracy(of: label), points: matrix.points(of: label))
                )
            }, uniquingKeysWith: { first, _ in first })
        points = matrix.total
        self.ignored = ignored
        confusion = (0..<matrix.classes).map { row in
            Array(matrix.counts[row * matrix.classes..<(row + 1) * matrix.classes])
        }
    }

    /// The scores for people.
    package var table: String {
        var rows = TextTable(["class", "IoU", "accuracy", "points"], numbers: [1, 2, 3])
        for label in confusion.indices {
            let score = perClass[names[label]]
            rows.append([
                names[label], PointEvaluation.text(score?.iou),
                PointEvaluation.text(score?.accuracy), "\(score?.points ?? 0)",
            ])
        }
        let rest = mIoUWithout.map { " (\(PointEvaluation.text($0)) without some classes)" } ?? ""
        return """
            mIoU \(PointEvaluation.text(mIoU))\(rest), mAcc \(PointEvaluation.text(mAcc)), \
            OA \(PointEvaluation.text(overallAccuracy)) over \(points) points, \(ignored) ignored\
            \(droppedPoints > 0 ? ", \(droppedPoints) of no class left out" : "")
            always class \(majority.name): mIoU \(PointEvaluation.text(majority.mIoU)), \
            OA \(PointEvaluation.text(majority.overallAccuracy))
            \(rows.text)\(outsideText)
            """
    }

    /// Which predicted labels are no class, the most frequent first; empty where there is none.
    private var outsideText: String {
        guard !outside.isEmpty else { return "" }
        let shown = outside.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8)
            .map { "\($0.value) as \($0.key)" }
        let rest = outside.count - shown.count
        return "\npredicted outside the classes, counted as wrong: \(shown.joined(separator: ", "))"
            + (rest > 0 ? " and \(rest) other labels" : "")
    }

    private static func text(_ value: Double?) -> String {
        value.map { NumberText.decimals($0, 4) } ?? "-"
    }
}
