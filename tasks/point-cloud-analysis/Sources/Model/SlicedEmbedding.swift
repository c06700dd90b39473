// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors

/// A stage of the embedding with batch norm in training, a part of its groups at a time: it keeps
/// its input and, a group, the row behind the last map that the maximum takes.
///
/// Each of the three norms needs sums over all rows before the next map, in both directions; between
/// the rounds a part's rows are made again rather than kept. The last norm's own rounds need the
/// maxima alone: they are the only rows with a gradient, and the norm keeps or turns their order.
struct SlicedEmbedding {
    private let stage: EmbeddingStage
    private let step: PointPyramid.Step
    private let k: Int
    private let norms: [BatchNorm]

    /// Nil where the norms work on single rows.
    init?(_ stage: EmbeddingStage, _ step: PointPyramid.Step, neighbours k: Int) {
        let layers = [stage.first[0], stage.second[0], stage.second[1]]
        norms = layers.compactMap(\.batchNorm)
        guard norms.count == layers.count else { return nil }
        self.stage = stage
        self.step = step
        self.k = k
    }

    /// `[groups, width]`.
    ///
    /// - Parameters:
    ///   - x: Features of the level below.
    ///   - parts: Ranges of groups.
    func callAsFunction(_ x: Variable, _ parts: [Range<Int>], _ context: Context) -> Variable {
        let factors = norms.flatMap { [context.use($0.weight), context.use($0.bias)] }
        let values = x.tensor, needsInput = x.needsGradient
        return .rerunning([x] + factors, context) { first, _ in
            let kept = forward(values, factors, parts, first)
            return (
                kept.rows[2](kept.largest),
                { gradients($0, kept, needsInput: needsInput, context.repeated) }
            )
        }
    }

    /// The rounds over parts, once.
    private func forward(
        _ values: Tensor, _ factors: [Variable], _ parts: [Range<Int>], _ first: Context
    ) -> Kept {
        let again = first.repeated
        var rows = norms.indices.map {
            norms[$0].rows(weight: factors[2 * $0], bias: factors[2 * $0 + 1])
        }
        func finish(_ norm: Int) {
            rows[norm].finish()
            norms[norm].follow(
                rows[norm].statistics, rows: step.centres.count * k, first)
        }
        for part in parts { rows[0].count(map(values, part, first)) }
        finish(0)
        // Used twice, as its gradient comes in two rounds.
        for part in parts {
            rows[1].count(mix(rows[0](map(values, part, first)), first))
        }
        finish(1)
        let signs = signs(of: factors[4].tensor)
        var largest = Tensor(zeros: [step.centres.count, stage.width], dtype: values.dtype)
        for part in parts {
            let mixed = rows[1](mix(rows[0](map(values, part, again)), again))
            let last = stage.second[1].map(Variable(mixed), first).tensor
            rows[2].count(last)
            largest.replaceRows(.run(part), with: maxima(last, signs))
        }
        finish(2)
        return Kept(values: values, largest: largest, signs: signs, rows: rows, parts: parts)
    }

    /// What the backward pass needs.
    private struct Kept {
        let values: Tensor
        let largest: Tensor
        let signs: Tensor?
        let rows: [NormalizedRows]
        let parts: [Range<Int>]
    }

    /// The gradients by the input and by each norm's weight and bias.
    private func gradients(
        _ gradient: Tensor, _ kept: Kept, needsInput: Bool, _ context: Context
    ) -> [Tensor?] {
        let rows = kept.rows, plain = context.on(nil)
        var backward = rows.map(\.backward)
        backward[2].count(kept.largest, gradient)
        let last = backward[2].finish()
        /// The gradient by a part's rows of the last map.
        func lastSlope(_ made: Tensor, _ part: Range<Int>) -> Tensor {
            backward[2].gradient(made, spread(gradient.rows(part), made, kept.signs))
        }
        for part in kept.parts {
            let mixed = mix(rows[0](map(kept.values, part, plain)), plain)
            let last = Rerun.Pass(rows[1](mixed), context, stage.second[1].map)
            backward[1].count(mixed, last.slope(lastSlope(last.value, part)))
        }
        let middle = backward[1].finish()
        var byInput = needsInput ? Tensor(zeros: kept.values.shape, dtype: gradient.dtype) : nil
        /// Goes on from the first map's rows to the parameters and the input.
        func descend(_ part: Range<Int>, _ body: (Tensor) -> Tensor) {
            let pass = Rerun.Pass(kept.values, isNeeded: needsInput, context) {
                stage.map($0, step, part, k, $1)
            }
            if let own = pass.pullback(body(pass.value)) { byInput?.add(own) }
        }
        for part in kept.parts {
            descend(part) { made in
                let mixed = Rerun.Pass(rows[0](made), context) { stage.mix($0, k, $1) }
                // The last map again, its weights as constants: they have their gradient.
                let last = Rerun.Pass(rows[1](mixed.value), context) { x, _ in
                    stage.second[1].constantPartial(x, channels: 0..<2 * stage.width)
                }
                let own = last.slope(lastSlope(last.value, part))
                let below = mixed.slope(backward[1].gradient(mixed.value, own))
                backward[0].count(made, below)
                return backward[0].direct(made, below)
            }
        }
        let first = backward[0].finish()
        for part in kept.parts { descend(part) { backward[0].indirect($0) } }
        return [byInput, first.weight, first.bias]
            + [middle.weight, middle.bias, last.weight, last.bias]
    }

    // MARK: Rows of a part

    private func map(_ values: Tensor, _ part: Range<Int>, _ context: Context) -> Tensor {
        stage.map(Variable(values), step, part, k, context).tensor
    }

    private func mix(_ hidden: Tensor, _ context: Context) -> Tensor {
        stage.mix(Variable(hidden), k, context).tensor
    }

    // MARK: Maxima behind the last norm

    /// -1 for channels whose order the norm turns; nil where there is none.
    private func signs(of weight: Tensor) -> Tensor? {
        let values = weight.doubles
        guard values.contains(where: { $0 < 0 }) else { return nil }
        return Tensor(values.map { $0 < 0 ? -1 : 1 }, shape: weight.shape, dtype: weight.dtype)
    }

    /// The rows before the norm that are largest behind it, `[groups, width]`.
    private func maxima(_ rows: Tensor, _ signs: Tensor?) -> Tensor {
        let groups = rows.shape[0] / k, turned = signs.map { rows.multiplyingRow($0) } ?? rows
        let found = turned.reshaped(to: [groups, k, stage.width]).maxPooled1D(kernel: k, stride: k)
            .reshaped(to: [groups, stage.width])
        return signs.map { found.multiplyingRow($0) } ?? found
    }

    /// A gradient by maxima at the rows that they are of, 0 at others.
    private func spread(_ gradient: Tensor, _ rows: Tensor, _ signs: Tensor?) -> Tensor {
        let groups = rows.shape[0] / k, turned = signs.map { rows.multiplyingRow($0) } ?? rows
        return turned.reshaped(to: [groups, k, stage.width]).maxPool1DGradient(
            gradient.reshaped(to: [groups, 1, stage.width]), kernel: k, stride: k
        ).reshaped(to: rows.shape)
    }
}
