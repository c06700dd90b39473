// SPDX-License-Identifier: Apache-2.0
package import Files
package import Metrics

/// What can be had without a network: the class that training has most of, and height alone.
package struct PointBaselines: Sendable {
    /// The most frequent class of the training data.
    package let majorityLabel: Int32
    /// All validation points, or shapes, predicted as it.
    package let majority: ConfusionMatrix
    /// Thresholds of height, and what they give; nil for shapes.
    package let height: (thresholds: HeightThresholds, matrix: ConfusionMatrix)?

    /// Fits both to the training part and scores them on the validation part, over all original
    /// points.
    ///
    /// - Parameter rule: What heights count from.
    /// - Throws: One line where a prepared file can't be read.
    package init(
        _ prepared: PreparedPoints, ground rule: GroundRule = .quantile
    ) throws(InputError) {
        let classes = prepared.index.classes.count
        let counts = prepared.index.counts(.training)
        let most = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
        majorityLabel = Int32(most)
        var majority = ConfusionMatrix(classes: classes)
        for shape in prepared.shapes(.validation) {
            majority.add(truth: Int(shape.label), prediction: most)
        }
        guard !prepared.index.scenes.isEmpty else {
            self.majority = majority
            height = nil
            return
        }
        var heights: [Float] = [], labels: [Int32] = []
        for entry in prepared.scenes(.training) {
            let scene = try prepared.load(entry)
            let ground = scene.ground(rule)
            heights += scene.positions.map { $0.z - ground }
            labels += scene.labels
        }
        guard labels.contains(where: { $0 >= 0 }) else {
            throw InputError(
                "no training point has a class that counts; correct data.classes or data.split",
                path: prepared.folder)
        }
        let thresholds = HeightThresholds(heights: heights, labels: labels, classes: classes)
        var matrix = ConfusionMatrix(classes: classes)
        for entry in prepared.scenes(.validation) {
            let scene = try prepared.load(entry)
            let ground = scene.ground(rule)
            matrix.add(
                try prepared.confusion(
                    of: entry,
                    predicted: scene.positions.map { thresholds.label(of: $0.z - ground) }))
            majority.add(
                try prepared.confusion(
                    of: entry,
                    predicted: [Int32](repeating: majorityLabel, count: scene.count)))
        }
        self.majority = majority
        height = (thresholds, matrix)
    }
}
