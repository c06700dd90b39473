// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import CommandLineSupport
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
        /// Mean intersection over union, and the share of points that are right, `OA`.
        let mIoU, overallAccuracy: Double

        private enum CodingKeys: String, CodingKey {
            case label, mIoU
            case overallAccuracy = "OA"
        }

        fileprivate init(_ matrix: ConfusionMatrix) {
            let points = (0..<matrix.classes).map { matrix.points(of: $0) }
            label = points.indices.reduce(0) { points[$1] > points[$0] ? $1 : $0 }
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
    /// By class number.
    package let perClass: [String: ClassScore]
    /// Points that counted, and points whose true class was to be ignored.
    package let points, ignored: Int
    /// Row by row: points of a true class by predicted class.
    package let confusion: [[Int]]

    private enum CodingKeys: String, CodingKey {
        case mIoU, mIoUWithout, mAcc
        case overallAccuracy = "OA"
        case majority, perClass, points, ignored, confusion
    }

    /// Compares two files of labels (`.npy`, any integer type, one shape).
    ///
    /// - Parameters:
    ///   - classes: Labels are 0 to this less 1.
    ///   - ignored: True labels that don't count.
    ///   - without: Classes that ``mIoUWithout`` leaves out.
    /// - Throws: One line for files that don't fit each other or the classes.
    package static func evaluate(
        groundTruth: String, predictions: String, classes: Int, ignored: Set<Int> = [],
        without: Set<Int> = []
    ) throws -> PointEvaluation {
        let truth = try Npy.readIntegers(groundTruth)
        let predicted = try Npy.readIntegers(predictions)
        guard truth.shape == predicted.shape else {
            throw PointFileError(
                "labels of shape \(predicted.shape), expected \(truth.shape) as in \(groundTruth)",
                path: predictions)
        }
        return try evaluate(
            truth: truth.values, predictions: predicted.values, classes: classes,
            ignored: ignored, without: without, paths: (groundTruth, predictions))
    }

    /// Compares labels; `paths` name both for messages.
    package static func evaluate(
        truth: [Int64], predictions: [Int64], classes: Int, ignored: Set<Int> = [],
        without: Set<Int> = [],
        paths: (truth: String, predictions: String) = ("truth", "predictions")
    ) throws(PointFileError) -> PointEvaluation {
        var matrix = ConfusionMatrix(classes: classes)
        let known = 0..<Int64(classes)
        var left = 0
        for index in truth.indices {
            let label = truth[index], prediction = predictions[index]
            if ignored.contains(Int(label)) {
                left += 1
                continue
            }
            guard known.contains(label) else {
                throw outside(label, index, classes, paths.truth)
            }
            guard known.contains(prediction) else {
                throw outside(prediction, index, classes, paths.predictions)
            }
            matrix.add(truth: Int(label), prediction: Int(prediction))
        }
        guard let result = PointEvaluation(matrix, ignored: left, without: without)
        else {
            throw PointFileError(
                "no point is left to score: \(left) of \(truth.count) are ignored",
                path: paths.truth)
        }
        return result
    }

    private static func outside(
        _ label: Int64, _ index: Int, _ classes: Int, _ path: String
    ) -> PointFileError {
        PointFileError(
            "point \(index) has the label \(label), expected 0 to \(classes - 1); raise --classes, "
                + "or leave true labels out with --ignore", path: path)
    }

    /// The scores of a matrix, or nil where it is empty.
    ///
    /// - Parameter without: Classes that ``mIoUWithout`` leaves out.
    package init?(_ matrix: ConfusionMatrix, ignored: Int = 0, without: Set<Int> = []) {
        guard let iou = matrix.meanIntersectionOverUnion, let accuracy = matrix.meanAccuracy,
            let overall = matrix.overallAccuracy
        else { return nil }
        mIoU = iou
        mIoUWithout =
            without.isEmpty ? nil : matrix.meanIntersectionOverUnion(without: without)
        majority = Majority(matrix)
        mAcc = accuracy
        overallAccuracy = overall
        perClass = Dictionary(
            uniqueKeysWithValues: (0..<matrix.classes).map { label in
                (
                    "\(label)",
                    ClassScore(
                        iou: matrix.intersectionOverUnion(of: label),
                        accuracy: matrix.accuracy(of: label), points: matrix.points(of: label))
                )
            })
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
            let score = perClass["\(label)"]
            rows.append([
                "\(label)", PointEvaluation.text(score?.iou),
                PointEvaluation.text(score?.accuracy), "\(score?.points ?? 0)",
            ])
        }
        let rest = mIoUWithout.map { " (\(PointEvaluation.text($0)) without some classes)" } ?? ""
        return """
            mIoU \(PointEvaluation.text(mIoU))\(rest), mAcc \(PointEvaluation.text(mAcc)), \
            OA \(PointEvaluation.text(overallAccuracy)) over \(points) points, \(ignored) ignored
            always class \(majority.label): mIoU \(PointEvaluation.text(majority.mIoU)), \
            OA \(PointEvaluation.text(majority.overallAccuracy))
            \(rows.text)
            """
    }

    private static func text(_ value: Double?) -> String {
        value.map { NumberText.decimals($0, 4) } ?? "-"
    }
}
