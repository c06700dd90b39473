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
    ///   - context: Its tile has the rows of neighbours of a slice.
    func callAsFunction(
        _ features: Variable, _ pyramid: PointPyramid, keepsAll: Bool, _ context: Context
    ) -> [Variable] {
        var levels = [features]
        for (stage, step) in zip(stages, pyramid.steps) {
            levels.append(
                stage(
                    levels[levels.count - 1], step, neighbours: pyramid.width, keepsAll: keepsAll,
                    context))
        }
        return levels
    }
}

/// One level up: a group of neighbours becomes one row.
final class EmbeddingStage: Module {
    /// Channels of a group's row.
    let width: Int
    /// The layers of both small networks.
    let first: [PointLayer], second: [PointLayer]

    init(inputs: Int, width: Int, norm: PointLayer.Norm, key: RandomKey) {
        self.width = width
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
        _ x: Variable, _ step: PointPyramid.Step, neighbours k: Int, keepsAll: Bool,
        _ context: Context
    ) -> Variable {
        let count = step.centres.count
        if keepsAll { return rows(x, step, 0..<count, k, context) }
        let parts = Tile(tokens: max(1, (context.tile ?? .standard).tokens / k)).ranges(count)
        if context.isTraining, let sliced = SlicedEmbedding(self, step, neighbours: k) {
            return sliced(x, parts, context)
        }
        return x.recomputingParts(parts, width: width, context) { [self] x, part, context in
            rows(x, step, part, k, context)
        }
    }

    /// Some groups' rows, `[groups, width]`, from the features of the level below.
    private func rows(
        _ x: Variable, _ step: PointPyramid.Step, _ groups: Range<Int>, _ k: Int,
        _ context: Context
    ) -> Variable {
        let hidden = first[0].finishing(map(x, step, groups, k, context), context)
        let mixed = second[0].finishing(mix(hidden, k, context), context)
        return maximum(second[1](mixed, context), k)
    }

    /// The first map of some groups' neighbours, `[groups * k, width]`.
    func map(
        _ x: Variable, _ step: PointPyramid.Step, _ groups: Range<Int>, _ k: Int,
        _ context: Context
    ) -> Variable {
        let rows = groups.lowerBound * k..<groups.upperBound * k
        let centres = step.centres[groups].flatMap { Array(repeating: $0, count: k) }
        let differences =
            x.gatherRows(Array(step.neighbours[rows])) + x.gatherRows(centres).scaled(by: -1)
        let offsets = Variable(step.offsets.rows(rows).converted(to: x.tensor.dtype))
        return first[0].map(.concatenated([offsets, differences], axis: 1), context)
    }

    /// The third map, `[groups * k, 2 * width]`: of the second one's rows beside the maximum of
    /// their group.
    func mix(_ hidden: Variable, _ k: Int, _ context: Context) -> Variable {
        let local = first[1](hidden, context), groups = local.shape[0] / k
        // The map of [maximum, own] side by side, without repeating the maximum before it.
        let own = second[0].partial(local, channels: width..<2 * width, context)
        // One use of the weight, as there is one leaf on a tape.
        let same = context.tape == nil ? context.repeated : context
        let shared = second[0].partial(maximum(local, k), channels: 0..<width, same)
        let repeats = (0..<groups).flatMap { Array(repeating: Int32($0), count: k) }
        return own + shared.gatherRows(repeats)
    }

    /// The maximum over each group, `[groups, width]`.
    private func maximum(_ x: Variable, _ k: Int) -> Variable {
        x.reshaped(to: [x.shape[0] / k, k, width]).maxPool1d(kernel: k, stride: k)
            .reshaped(to: [x.shape[0] / k, width])
    }
}
