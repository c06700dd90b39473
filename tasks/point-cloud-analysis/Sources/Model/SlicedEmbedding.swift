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
        let (watched, trained) = TrainedParts.watching(context)
        let first = watched.on(nil), again = first.repeated
        let values = x.tensor
        var rows = norms.indices.map {
            norms[$0].rows(weight: factors[2 * $0], bias: factors[2 * $0 + 1])
        }
        func finish(_ norm: Int) {
            rows[norm].finish()
            norms[norm].follow(
                rows[norm].statistics, rows: step.centres.count * k, context)
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
        let output = rows[2](largest)
        let inputs = [x] + factors
        guard let tape = context.tape,
            inputs.contains(where: \.needsGradient) || trained.first != nil
        else { return Variable(output) }
        // On the tape in any case, so that the parameters inside get their gradients.
        let source = x.needsGradient ? x : tape.input(values)
        let needsInput = x.needsGradient
        let kept = Kept(values: values, largest: largest, signs: signs, rows: rows, parts: parts)
        return .operation(output, inputs: [source] + factors) { gradient in
            gradients(gradient, kept, needsInput: needsInput, context.repeated)
        }
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
            let tape = Tape(for: context), input = tape.input(rows[1](mixed))
            let made = stage.second[1].map(input, context.on(tape))
            tape.backward(from: made, gradient: lastSlope(made.tensor, part))
            backward[1].count(mixed, slope(of: input, tape))
        }
        let middle = backward[1].finish()
        var byInput = needsInput ? Tensor(zeros: kept.values.shape, dtype: gradient.dtype) : nil
        /// Goes on from the first map's rows to the parameters and the input.
        func descend(_ part: Range<Int>, _ body: (Tensor) -> Tensor) {
            let tape = Tape(for: context)
            let x = needsInput ? tape.input(kept.values) : Variable(kept.values)
            let made = stage.map(x, step, part, k, context.on(tape))
            tape.backward(from: made, gradient: body(made.tensor))
            if let own = tape.gradient(of: x) { byInput?.add(own) }
        }
        for part in kept.parts {
            descend(part) { made in
                let tape = Tape(for: context), hidden = tape.input(rows[0](made))
                let mixed = stage.mix(hidden, k, context.on(tape))
                // The last map again, its weights as constants: they have their gradient.
                let upper = Tape(for: context), input = upper.input(rows[1](mixed.tensor))
                let last = stage.second[1].constantPartial(input, channels: 0..<2 * stage.width)
                upper.backward(from: last, gradient: lastSlope(last.tensor, part))
                let own = slope(of: input, upper)
                tape.backward(from: mixed, gradient: backward[1].gradient(mixed.tensor, own))
                let below = slope(of: hidden, tape)
                backward[0].count(made, below)
                return backward[0].direct(made, below)
            }
        }
        let first = backward[0].finish()
        for part in kept.parts { descend(part) { backward[0].indirect($0) } }
        return [byInput, first.weight, first.bias]
            + [middle.weight, middle.bias, last.weight, last.bias]
    }

    /// The gradient of a tape's leaf; zeros where nothing came down to it.
    private func slope(of leaf: Variable, _ tape: Tape) -> Tensor {
        tape.gradient(of: leaf) ?? Tensor(zeros: leaf.shape, dtype: leaf.tensor.dtype)
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
