// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// Tokens from points: farthest points, their neighbours, two small networks with a maximum
/// behind each, stage by stage (progressive point patch embedding, Pix4Point).
final class PointEmbedding: Module {
    /// Channels of each level, the input's first.
    let widths: [Int]
    private let stages: [EmbeddingStage]

    /// - Parameters:
    ///   - inputs: Channels of a point's features.
    ///   - width: Channels of a token; each stage before the last has half of the next.
    init(inputs: Int, width: Int, stages count: Int, key: RandomKey) {
        precondition(count > 0 && width % (1 << (count - 1)) == 0, "\(count) stages to \(width)")
        let widths = [inputs] + (0..<count).map { width >> (count - 1 - $0) }
        self.widths = widths
        stages = (0..<count).map {
            EmbeddingStage(inputs: widths[$0], width: widths[$0 + 1], key: key.child($0))
        }
    }

    func register(in registry: inout ModuleRegistry) { registry.children("convs", stages) }

    /// The features of every level, the input's first; `[rows of the level, channels]`.
    ///
    /// - Parameters:
    ///   - keepsAll: Whether the tape keeps every activation, else the input of each stage alone.
    ///   - tile: Rows of a slice.
    func callAsFunction(
        _ features: Variable, _ pyramid: PointPyramid, keepsAll: Bool, tile: Tile?,
        _ context: Context
    ) -> [Variable] {
        var levels = [features]
        for (stage, step) in zip(stages, pyramid.steps) {
            levels.append(
                stage(
                    levels[levels.count - 1], step, neighbours: pyramid.width, keepsAll: keepsAll,
                    tile: tile, context))
        }
        return levels
    }
}

/// One level up: a group of neighbours becomes one row.
final class EmbeddingStage: Module {
    private let width: Int
    private let first: [PointLayer]
    private let second: [PointLayer]

    init(inputs: Int, width: Int, key: RandomKey) {
        self.width = width
        first = [
            PointLayer(3 + inputs, width, axes: 2, norm: .layer, key: key.child("0.0")),
            PointLayer(width, width, axes: 2, relu: false, key: key.child("0.1")),
        ]
        second = [
            PointLayer(2 * width, 2 * width, axes: 2, norm: .layer, key: key.child("1.0")),
            PointLayer(2 * width, width, axes: 2, norm: .layer, key: key.child("1.1")),
        ]
    }

    func register(in registry: inout ModuleRegistry) {
        registry.children("0", first)
        registry.children("1", second)
    }

    func callAsFunction(
        _ x: Variable, _ step: PointPyramid.Step, neighbours k: Int, keepsAll: Bool, tile: Tile?,
        _ context: Context
    ) -> Variable {
        let centres = step.centres.flatMap { Array(repeating: $0, count: k) }
        let differences =
            x.gatherRows(step.neighbours) + x.gatherRows(centres).scaled(by: -1)
        let groups = Variable.concatenated(
            [Variable(step.offsets.converted(to: x.tensor.dtype)), differences], axis: 1)
        let layers = SlicedLayers(
            units: step.centres.count, rows: (k, 1), outputShape: [step.centres.count, width],
            body)
        return keepsAll
            ? layers(groups, context)
            : layers.recomputing(groups, tile: (tile ?? .standard).tokens, context)
    }

    /// `[groups, 1, width]` for `[groups, k, 3 + inputs]`.
    private func body(_ x: Variable, _ context: Context) -> Variable {
        let (groups, k) = (x.shape[0], x.shape[1])
        func maximum(_ x: Variable) -> Variable {
            x.reshaped(to: [groups, k, -1]).maxPool1d(kernel: k, stride: k)
        }
        let local = first[1](
            first[0](x.reshaped(to: [groups * k, x.shape[2]]), context), context)
        let pooled = maximum(local).reshaped(to: [groups, width])
        // The map of [maximum, own] side by side, without repeating the maximum before it.
        let own = second[0].partial(local, channels: width..<2 * width, context)
        let shared = second[0].partial(pooled, channels: 0..<width, context)
        let rows = (0..<groups).flatMap { Array(repeating: Int32($0), count: k) }
        let mixed = second[0].finishing(own + shared.gatherRows(rows), context)
        return maximum(second[1](mixed, context))
    }
}
