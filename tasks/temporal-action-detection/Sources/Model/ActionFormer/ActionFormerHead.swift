// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Optimizers
package import Regions
package import Tensors

/// ActionFormer (Zhang, Wu, Li, ECCV 2022): a transformer pyramid whose every point says which
/// classes are on and how far away their action's ends are.
package final class ActionFormerHead: TemporalHead {
    /// Sizes and thresholds.
    package let configuration: ActionFormerConfiguration
    private let pyramid: ActionFormerPyramid
    private let classTower: ActionFormerTower
    private let segmentTower: ActionFormerTower
    private let normalizer: LossNormalizer

    /// A head at random weights.
    package init(_ configuration: ActionFormerConfiguration, key: RandomKey) {
        configuration.check()
        self.configuration = configuration
        pyramid = ActionFormerPyramid(configuration, key: key.child("backbone"))
        classTower = ActionFormerTower(.classes, configuration, key: key.child("cls_head"))
        segmentTower = ActionFormerTower(.segments, configuration, key: key.child("reg_head"))
        normalizer = LossNormalizer(configuration.initialNormalizer)
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("", pyramid)
        registry.child("cls_head", classTower)
        registry.child("reg_head", segmentTower)
        registry.parameter("loss_normalizer", normalizer.mean)
    }

    /// What one forward pass gives.
    package struct Output {
        /// `[B, P, classes]`.
        package let logits: Variable
        /// `[B, P, 2]`: the distances to start and end in strides.
        package let offsets: Variable
        /// One window's points.
        let points: ActionPoints

        /// Whether a point lies in the real part of a window.
        func isReal(_ point: ActionPoint, _ layout: WindowLayout) -> Bool {
            point.position < Double(layout.validLength)
        }
    }

    /// Logits and offsets of every point.
    package func forward(
        _ features: Variable, layouts: [WindowLayout], _ context: Context
    ) -> Output {
        precondition(
            features.tensor.rank == 3 && features.shape[2] == configuration.inputWidth
                && features.shape[0] == layouts.count
                && layouts.allSatisfy { (1...features.shape[1]).contains($0.validLength) },
            "ActionFormer: features \(features.shape), width \(configuration.inputWidth), valid "
                + "lengths \(layouts.map(\.validLength))")
        let stride = configuration.largestStride
        let length = (features.shape[1] + stride - 1) / stride * stride
        let input = MaskedSequence(
            values: features.padded(to: length, axis: 1), lengths: layouts.map(\.validLength))
        let levels = pyramid(input, context)
        return Output(
            logits: classTower(levels, context), offsets: segmentTower(levels, context),
            points: ActionPoints(configuration, length: length))
    }

    /// The losses of a batch of windows.
    package func losses(
        features: Variable, targets: [[Item<Segment>]], layouts: [WindowLayout],
        context: Context
    ) -> StepLosses {
        check(targets, layouts, classCount: configuration.classCount)
        let output = forward(features, layouts: layouts, context)
        let losses = ActionFormerLosses(configuration, output, targets: targets, layouts: layouts)
        return losses.sum(
            normalizer: normalizer.divisor(positives: losses.positiveCount, context))
    }

    /// The scored segments of each window, before any suppression.
    package func detections(features: Tensor, layouts: [WindowLayout]) -> [[Item<Segment>]] {
        let output = forward(Variable(features), layouts: layouts, .inference)
        let scores = output.logits.tensor.sigmoid().doubles
        let offsets = output.offsets.tensor.doubles
        let points = output.points.points, classes = configuration.classCount
        return layouts.enumerated().map { window, layout in
            var levels = [[(score: Double, point: Int, label: Int)]](
                repeating: [], count: configuration.levels)
            for (index, point) in points.enumerated() where output.isReal(point, layout) {
                let row = (window * points.count + index) * classes
                for label in 0..<classes where scores[row + label] > configuration.scoreThreshold {
                    levels[point.level].append((scores[row + label], index, label))
                }
            }
            return levels.flatMap { best($0) }.compactMap { candidate in
                let point = points[candidate.point]
                let row = 2 * (window * points.count + candidate.point)
                let segment = Segment(
                    start: point.position - offsets[row] * point.stride,
                    end: point.position + offsets[row + 1] * point.stride)
                guard segment.end - segment.start > configuration.minimumLength else { return nil }
                return Item(segment, label: candidate.label, score: candidate.score)
            }
        }
    }

    /// The best candidates of a level, equal scores in the order of points and classes.
    private func best(
        _ candidates: [(score: Double, point: Int, label: Int)]
    ) -> some Sequence<(score: Double, point: Int, label: Int)> {
        candidates.enumerated().sorted {
            $0.element.score != $1.element.score
                ? $0.element.score > $1.element.score : $0.offset < $1.offset
        }.prefix(configuration.candidatesPerLevel).map(\.element)
    }
}
