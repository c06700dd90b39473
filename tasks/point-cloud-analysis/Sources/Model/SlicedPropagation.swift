// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// A stage of the decoder in training that keeps its input alone: from the map before the last norm
/// of the stage above, or from tokens, to its own map before its last norm.
///
/// Norms over all points need two rounds over parts, in both directions; between them a part's
/// rows are made again rather than kept.
struct SlicedPropagation {
    private let stage: PropagationStage
    private let before: PropagationStage?
    private let step: PointPyramid.Step

    /// - Parameter before: The stage whose last map is the input; nil where that is tokens.
    init(_ stage: PropagationStage, behind before: PropagationStage?, _ step: PointPyramid.Step) {
        self.stage = stage
        self.before = before
        self.step = step
    }

    /// `[rows of the level, width]`.
    ///
    /// - Parameters:
    ///   - x: `[rows of the level above, width]`.
    ///   - own: The level's own features.
    ///   - context: Its tile has the rows of a part.
    func callAsFunction(_ x: Variable, _ own: Variable, _ context: Context) -> Variable {
        guard let norm = stage.layers[0].batchNorm else {
            preconditionFailure("a stage of the decoder without batch norm")
        }
        let (weight, bias) = (context.use(norm.weight), context.use(norm.bias))
        let parts = (context.tile ?? .standard).ranges(own.shape[0])
        let (values, features, needsOwn) = (x.tensor, own.tensor, own.needsGradient)
        return .rerunning([x, own, weight, bias], context) { first, _ in
            var rows = norm.rows(weight: weight, bias: bias)
            let output = forward(values, features, &rows, norm, parts, first)
            let finished = rows
            return (
                output,
                { gradient in
                    var slopes = consume gradient
                    return gradients(
                        &slopes, values, features, needsOwn: needsOwn, finished, parts,
                        context.repeated)
                }
            )
        }
    }

    /// The rounds over parts, once.
    private func forward(
        _ values: Tensor, _ features: Tensor, _ rows: inout NormalizedRows, _ norm: BatchNorm,
        _ parts: [Range<Int>], _ first: Context
    ) -> Tensor {
        let again = first.repeated
        let fromAbove = coarse(Variable(values), first)
        for part in parts {
            rows.count(sum(fromAbove, Variable(features), part, first).tensor)
        }
        rows.finish()
        norm.follow(rows.statistics, rows: features.shape[0], first)
        var output = Tensor(
            zeros: [features.shape[0], stage.layers[1].outputs], dtype: values.dtype)
        for part in parts {
            let normed = rows(sum(fromAbove, Variable(features), part, again).tensor)
            output.replaceRows(
                .run(part), with: stage.layers[1].map(Variable(normed), first).tensor)
        }
        return output
    }

    /// The gradients by input, own features, and the first norm's weight and bias.
    ///
    /// - Parameter slopes: The gradient by the result; holds that of the first layer's rows later, and
    ///   nothing in the end.
    private func gradients(
        _ slopes: inout Tensor, _ values: Tensor, _ features: Tensor, needsOwn: Bool,
        _ rows: NormalizedRows, _ parts: [Range<Int>], _ context: Context
    ) -> [Tensor?] {
        let own = Variable(features)
        let fromAbove = coarse(Variable(values), context.on(nil)).tensor
        var backward = rows.backward
        for part in parts {
            let made = sum(Variable(fromAbove), own, part, context.on(nil)).tensor
            let slope = Rerun.Pass(rows(made), context, stage.layers[1].map).slope(
                slopes.rows(part))
            backward.count(made, slope)
            slopes.replaceRows(.run(part), with: slope)
        }
        let (byWeight, byBias) = backward.finish()
        var byAbove = Tensor(zeros: fromAbove.shape, dtype: values.dtype)
        var byOwn = needsOwn ? Tensor(zeros: features.shape, dtype: values.dtype) : nil
        for part in parts {
            let pass = Rerun.Pass([(fromAbove, true), (features, needsOwn)], context) {
                sum($0[0], $0[1], part, $1)
            }
            let shares = pass.pullbacks(backward.gradient(pass.value, slopes.rows(part)))
            if let share = shares[0] { byAbove.add(share) }
            if let share = shares[1] { byOwn?.add(share) }
        }
        slopes = Tensor(zeros: [0])
        // Again, as its own results are not kept for long.
        return [Rerun.Pass(values, context, coarse).pullback(byAbove), byOwn, byWeight, byBias]
    }

    /// The share of the level above in the first map, before interpolation.
    private func coarse(_ x: Variable, _ context: Context) -> Variable {
        let features = before.map { $0.layers[1].finishing(x, context) } ?? x
        let map = stage.layers[0]
        return map.partial(features, channels: stage.skip..<map.inputs, context)
    }

    /// Some rows of the first map.
    private func sum(
        _ coarse: Variable, _ own: Variable, _ part: Range<Int>, _ context: Context
    ) -> Variable {
        let near = 3 * part.lowerBound..<3 * part.upperBound
        return coarse.gatherWeighted(
            Array(step.nearest[near]), weights: Array(step.weights[near]), neighbours: 3)
            + stage.layers[0].partial(
                own.slice(part, axis: 0), channels: 0..<stage.skip, context)
    }
}

extension Context {
    /// The context of the same pass once more.
    var repeated: Context {
        var again = self
        again.repeats = true
        return again
    }

    /// The same context with another tape, or none.
    func on(_ tape: Tape?) -> Context {
        var context = self
        context.tape = tape
        return context
    }
}

extension Tile {
    /// `rows` in parts of a tile.
    func ranges(_ rows: Int) -> [Range<Int>] {
        stride(from: 0, to: rows, by: tokens).map { $0..<min(rows, $0 + tokens) }
    }
}
