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
    ///   - norm: Layer norm, as published for scenes, or batch norm, as published for shapes.
    init(inputs: Int, width: Int, stages count: Int, norm: PointLayer.Norm, key: RandomKey) {
        precondition(count > 0 && width % (1 << (count - 1)) == 0, "\(count) stages to \(width)")
        let widths = [inputs] + (0..<count).map { width >> (count - 1 - $0) }
        self.widths = widths
        stages = (0..<count).map {
            EmbeddingStage(
                inputs: widths[$0], width: widths[$0 + 1], norm: norm, key: key.child($0))
        }
    }

    func register(in registry: inout ModuleRegistry) { registry.children("convs", stages) }

    /// The features of every level, the input's first; `[rows of the level, channels]`.
    ///
    /// - Parameters:
    ///   - keepsAll: Whether the tape keeps every activation, else the input of each stage alone.
    ///   - tile: Rows of a slice; with batch norm a stage in training is one slice.
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
    private let needsWholeBatch: Bool
    private let first: [PointLayer]
    private let second: [PointLayer]

    init(inputs: Int, width: Int, norm: PointLayer.Norm, key: RandomKey) {
        self.width = width
        needsWholeBatch = norm == .batch
        first = [
            PointLayer(3 + inputs, width, axes: 2, norm: norm, key: key.child("0.0")),
            PointLayer(width, width, axes: 2, relu: false, key: key.child("0.1")),
        ]
        second = [
            PointLayer(2 * width, 2 * width, axes: 2, norm: norm, key: key.child("1.0")),
            PointLayer(2 * width, width, axes: 2, norm: norm, key: key.child("1.1")),
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
        let count = step.centres.count
        if keepsAll { return groups(x, step, 0..<count, k, context) }
        let isWhole = needsWholeBatch && context.isTraining
        let size = isWhole ? max(1, count) : max(1, (tile ?? .standard).tokens / k)
        let parts = stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
        return x.recomputingParts(parts, width: width, context) { [self] x, part, context in
            groups(x, step, part, k, context)
        }
    }

    /// Some groups' rows, `[part, width]`, from the features of the level below.
    private func groups(
        _ x: Variable, _ step: PointPyramid.Step, _ part: Range<Int>, _ k: Int, _ context: Context
    ) -> Variable {
        let rows = part.lowerBound * k..<part.upperBound * k
        let centres = step.centres[part].flatMap { Array(repeating: $0, count: k) }
        let differences =
            x.gatherRows(Array(step.neighbours[rows])) + x.gatherRows(centres).scaled(by: -1)
        let offsets = Variable(step.offsets.rows(rows).converted(to: x.tensor.dtype))
        func maximum(_ x: Variable) -> Variable {
            x.reshaped(to: [part.count, k, -1]).maxPool1d(kernel: k, stride: k)
                .reshaped(to: [part.count, width])
        }
        let local = first[1](
            first[0](.concatenated([offsets, differences], axis: 1), context), context)
        // The map of [maximum, own] side by side, without repeating the maximum before it.
        let own = second[0].partial(local, channels: width..<2 * width, context)
        let shared = second[0].partial(maximum(local), channels: 0..<width, context)
        let repeats = (0..<part.count).flatMap { Array(repeating: Int32($0), count: k) }
        let mixed = second[0].finishing(own + shared.gatherRows(repeats), context)
        return maximum(second[1](mixed, context))
    }
}
