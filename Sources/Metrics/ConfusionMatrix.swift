// SPDX-License-Identifier: Apache-2.0

/// How often each class was predicted as each class, and the scores that follow from it.
///
/// The S3DIS protocol: one matrix over all points of all scenes; IoU = tp / (tp + fp + fn), the
/// accuracy of a class is its recall, overall accuracy the share of points that are right.
package struct ConfusionMatrix: Sendable, Equatable {
    /// The number of classes, C.
    package let classes: Int
    /// Points of true class t predicted as p at `t * classes + p`.
    package private(set) var counts: [Int]
    /// Points of each true class that were predicted as none of the classes.
    package private(set) var missed: [Int]

    /// A matrix of zeros.
    ///
    /// - Precondition: At least one class.
    package init(classes: Int) {
        precondition(classes > 0, "a confusion matrix of \(classes) classes")
        self.classes = classes
        counts = [Int](repeating: 0, count: classes * classes)
        missed = [Int](repeating: 0, count: classes)
    }

    /// Counts one point.
    ///
    /// - Precondition: Both lie in `0..<classes`.
    @inline(__always)
    package mutating func add(truth: Int, prediction: Int) {
        precondition(
            truth >= 0 && truth < classes && prediction >= 0 && prediction < classes,
            "class \(truth) predicted as \(prediction), of \(classes) classes")
        counts[truth * classes + prediction] += 1
    }

    /// Counts one point that was predicted as none of the classes: it is wrong, and no class's
    /// prediction.
    ///
    /// - Precondition: The class lies in `0..<classes`.
    package mutating func addMiss(truth: Int) {
        precondition(truth >= 0 && truth < classes, "class \(truth) of \(classes) classes")
        missed[truth] += 1
    }

    /// Adds the counts of another matrix of as many classes: another scene.
    package mutating func add(_ other: ConfusionMatrix) {
        precondition(
            classes == other.classes, "matrices of \(classes) and \(other.classes) classes")
        for index in counts.indices { counts[index] += other.counts[index] }
        for label in missed.indices { missed[label] += other.missed[label] }
    }

    /// All points.
    package var total: Int { counts.reduce(0, +) + missed.reduce(0, +) }

    /// Points of a true class.
    package func points(of label: Int) -> Int {
        counts[label * classes..<(label + 1) * classes].reduce(missed[label], +)
    }

    /// Points predicted as a class.
    package func predictions(of label: Int) -> Int {
        stride(from: label, to: counts.count, by: classes).reduce(0) { $0 + counts[$1] }
    }

    /// Points of a class that were predicted right.
    package func hits(of label: Int) -> Int { counts[label * (classes + 1)] }

    /// Intersection over union of a class, or nil where it is neither true nor predicted anywhere.
    package func intersectionOverUnion(of label: Int) -> Double? {
        ratio(hits(of: label), points(of: label) + predictions(of: label) - hits(of: label))
    }

    /// The share of a class's points that are right, or nil where it has none.
    package func accuracy(of label: Int) -> Double? { ratio(hits(of: label), points(of: label)) }

    /// Mean intersection over union of the classes that have one, or nil without any point.
    package var meanIntersectionOverUnion: Double? {
        mean((0..<classes).compactMap { intersectionOverUnion(of: $0) })
    }

    /// Mean intersection over union as if points of some true classes were not there, those classes
    /// not averaged; nil where nothing is left.
    package func meanIntersectionOverUnion(without labels: Set<Int>) -> Double? {
        var rest = self
        for index in counts.indices where labels.contains(index / classes) {
            rest.counts[index] = 0
        }
        for label in labels where rest.missed.indices.contains(label) { rest.missed[label] = 0 }
        return mean(
            (0..<classes).filter { !labels.contains($0) }
                .compactMap { rest.intersectionOverUnion(of: $0) })
    }

    /// Mean accuracy of the classes that have points, or nil without any point.
    package var meanAccuracy: Double? { mean((0..<classes).compactMap { accuracy(of: $0) }) }

    /// The share of all points that are right, or nil without any point.
    package var overallAccuracy: Double? {
        ratio((0..<classes).reduce(0) { $0 + hits(of: $1) }, total)
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? {
        whole > 0 ? Double(part) / Double(whole) : nil
    }

    private func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
