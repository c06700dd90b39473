// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// Features of every point from tokens: interpolation to the next finer level, beside that
/// level's own features, through two layers (feature propagation, PointNet++, Qi et al., 2017).
final class PointDecoder: Module {
    /// Channels of the result.
    let width: Int
    private let stages: [PropagationStage]

    /// - Parameters:
    ///   - widths: Channels of each level's own features, the finest first, without the tokens'.
    ///   - width: Channels of tokens and of every result.
    init(widths: [Int], width: Int, key: RandomKey) {
        self.width = width
        stages = widths.enumerated().map {
            PropagationStage(skip: $1, width: width, key: key.child($0))
        }
    }

    func register(in registry: inout ModuleRegistry) {
        for (index, stage) in stages.enumerated() { registry.child("decoder.\(index).0", stage) }
    }

    /// `[B * N, width]`; the tape keeps every activation.
    ///
    /// - Parameters:
    ///   - tokens: `[B * n, width]`, without class tokens.
    ///   - levels: Features of each level, the finest first; the tokens' own isn't used.
    func callAsFunction(
        _ tokens: Variable, levels: [Variable], _ pyramid: PointPyramid, _ context: Context
    ) -> Variable {
        var x = tokens
        for (index, stage) in stages.enumerated().reversed() {
            x = stage(x, levels[index], pyramid.steps[index], context)
        }
        return x
    }

    /// The same in training, up to the map of the last layer, whose norm and ReLU whoever takes the
    /// result runs in parts; the tape keeps one such map a level.
    func maps(
        _ tokens: Variable, levels: [Variable], _ pyramid: PointPyramid, _ context: Context
    ) -> (maps: Variable, norm: BatchNorm?) {
        var x = tokens
        var before: PropagationStage?
        for (index, stage) in stages.enumerated().reversed() {
            x = SlicedPropagation(stage, behind: before, pyramid.steps[index])(
                x, levels[index], context)
            before = stage
        }
        return (x, before?.layers[1].batchNorm)
    }
}

/// One level down.
final class PropagationStage: Module {
    /// Channels of the level's own features.
    let skip: Int
    /// The two layers.
    let layers: [PointLayer]

    init(skip: Int, width: Int, key: RandomKey) {
        self.skip = skip
        layers = [
            PointLayer(skip + width, width, axes: 1, norm: .batch, key: key.child(0)),
            PointLayer(width, width, axes: 1, norm: .batch, key: key.child(1)),
        ]
    }

    func register(in registry: inout ModuleRegistry) { registry.children("convs", layers) }

    func callAsFunction(
        _ x: Variable, _ own: Variable, _ step: PointPyramid.Step, _ context: Context
    ) -> Variable {
        // Interpolation and map are linear: the map first, where there are fewer rows.
        let map = layers[0]
        let coarse = map.partial(x, channels: skip..<map.inputs, context)
        let sum =
            coarse.gatherWeighted(step.nearest, weights: step.weights, neighbours: 3)
            + map.partial(own, channels: 0..<skip, context)
        return layers[1](map.finishing(sum, context), context)
    }
}
