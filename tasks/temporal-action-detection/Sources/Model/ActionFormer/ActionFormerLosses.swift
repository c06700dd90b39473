// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Optimizers
import Regions
import Tensors

/// The losses of one ActionFormer forward pass over the real points of its windows.
struct ActionFormerLosses {
    private let configuration: ActionFormerConfiguration
    private let output: ActionFormerHead.Output
    /// The rows of points with an action, and the distances to its ends in strides.
    private var positives: [(row: Int32, offsets: (Double, Double))] = []
    private var labels: [Double]
    private var weights: [Double]

    init(
        _ configuration: ActionFormerConfiguration, _ output: ActionFormerHead.Output,
        targets: [[Item<Segment>]], layouts: [WindowLayout]
    ) {
        self.configuration = configuration
        self.output = output
        let points = output.points.points, classes = configuration.classCount
        let smoothing = configuration.labelSmoothing
        let share = smoothing / Double(classes + 1)
        labels = [Double](repeating: share, count: layouts.count * points.count * classes)
        weights = [Double](repeating: 0, count: layouts.count * points.count)
        for (window, layout) in layouts.enumerated() {
            let found = output.points.targets(targets[window])
            for (index, point) in points.enumerated() where output.isReal(point, layout) {
                let row = window * points.count + index
                weights[row] = 1
                guard let target = found[index] else { continue }
                positives.append((Int32(row), target.offsets))
                for label in target.labels { labels[row * classes + label] = 1 - smoothing + share }
            }
        }
    }

    /// Points with an action.
    var positiveCount: Int { positives.count }

    /// The focal loss of all real points and 1 - DIoU of the positive ones, both over the
    /// normaliser.
    func sum(normalizer: Double) -> StepLosses {
        let rows = weights.count, classes = configuration.classCount
        let dtype = output.logits.tensor.dtype
        let classification = output.logits.reshaped(to: [rows, classes]).sigmoidFocalLoss(
            targets: Tensor(labels, shape: [rows, classes], dtype: dtype),
            weights: weights.map { $0 / normalizer })
        // A segment around its point: from minus the first distance to the second one.
        let signs = Variable(Tensor([-1, 1], shape: [2], dtype: dtype))
        let segments = output.offsets.reshaped(to: [rows, 2]).gatherRows(positives.map(\.row))
            .multiplyingRow(signs)
        let wanted = positives.flatMap { [-$0.offsets.0, $0.offsets.1] }
        let regression = segments.diouLoss(
            targets: Tensor(wanted, shape: [positives.count, 2], dtype: dtype),
            weights: [Double](repeating: 1 / normalizer, count: positives.count))
        return StepLosses(
            total: classification + regression.scaled(by: configuration.regressionWeight),
            named: [
                ("classification", classification.tensor.item),
                ("regression", regression.tensor.item),
            ])
    }
}
