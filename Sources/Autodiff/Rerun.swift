// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Layers that keep nothing of their own: forwards they run without a tape, slice by slice, and for
/// the backward pass they run again, each slice on a tape of its own.
///
/// The input is somebody else's, who keeps it or makes its rows again. The same slices in both
/// directions, and the same context, give the same bits.
package struct Rerun {
    /// What runs in one go.
    package struct Slice {
        /// Its units (samples, tokens, windows) among those of all slices.
        package let units: Range<Int>
        /// Its rows of the input.
        package let input: RowSelection
        /// Its rows of the output.
        package let output: RowSelection
        /// The shape in which the body takes its rows.
        package let shape: [Int]

        /// A slice; its output has the rows of its input where nobody says otherwise.
        package init(
            _ units: Range<Int>, input: RowSelection, output: RowSelection? = nil, shape: [Int]
        ) {
            self.units = units
            self.input = input
            self.output = output ?? input
            self.shape = shape
        }

        /// Its rows of a whole input.
        package func taken(from x: Tensor) -> Tensor { x.rows(input).reshaped(to: shape) }
    }

    /// A pure function of a slice's rows, the slice, parameters and the context.
    package typealias Body = (Variable, Slice, Context) -> Variable

    /// The slices, in the order in which they run: every loop over a tile's slices is over these.
    ///
    /// Of a dry run they may be those that differ (`DryRun.representatives`).
    package let slices: [Slice]
    private let outputShape: [Int]
    private let body: Body

    /// Layers in given slices.
    ///
    /// - Parameters:
    ///   - slices: One at least. Their rows of the output are disjoint; those of the input are so
    ///     too, or all rows in each.
    ///   - outputShape: Of all slices together; what the body gives for a single one.
    package init(slices: [Slice], outputShape: [Int], _ body: @escaping Body) {
        precondition(!slices.isEmpty, "layers without a slice")
        self.slices = slices
        self.outputShape = outputShape
        self.body = body
    }

    /// Layers on independent units of as many rows: `[units, t, C]` to `[units, t', C']`.
    ///
    /// - Parameters:
    ///   - units: Units of a whole batch.
    ///   - rows: Rows that go into a unit, and come out of it.
    ///   - tile: Rows of input that a slice holds at most, but for one unit at least; nil takes all
    ///     units at once.
    ///   - outputShape: `[..., C']` of a whole batch.
    ///   - body: Gets `[some units, t, C]`.
    package init(
        units: Int, rows: (input: Int, output: Int), tile: Int?, outputShape: [Int],
        _ body: @escaping (Variable, Context) -> Variable
    ) {
        let ranges = Rerun.ranges(units, of: tile.map { $0 / max(1, rows.input) })
        let slices = DryRun.representatives(ranges) { $0.count * rows.input }.map { units in
            Slice(
                units, input: .run(units.lowerBound * rows.input..<units.upperBound * rows.input),
                output: .run(units.lowerBound * rows.output..<units.upperBound * rows.output),
                shape: [units.count, rows.input, -1])
        }
        self.init(slices: slices, outputShape: outputShape) { x, _, context in body(x, context) }
    }

    /// `0..<count` in ranges of `size`, 1 at least, of which the last may be shorter; nil takes all.
    package static func ranges(_ count: Int, of size: Int?) -> [Range<Int>] {
        guard let size = size.map({ max(1, $0) }), size < count else { return [0..<count] }
        return stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
    }

    /// All units at once on the context's tape, which keeps what its operations need.
    package func recorded(_ x: Variable, _ context: Context) -> Variable {
        let units = 0..<slices[slices.count - 1].units.upperBound
        let all = Slice(
            units, input: .all(of: x.tensor), shape: [units.count] + slices[0].shape.dropFirst())
        return body(x.reshaped(to: all.shape), all, context).reshaped(to: outputShape)
    }

    // MARK: A slice

    /// A slice without a tape.
    package func forward(_ slice: Slice, _ x: Tensor, _ context: Context) -> Tensor {
        var inference = context
        inference.tape = nil
        return body(Variable(x.reshaped(to: slice.shape)), slice, inference).tensor
    }

    /// A slice again and back: its value, the same bits as before, and the gradient by `x`; those
    /// of parameters accumulate.
    package func pullback(
        _ slice: Slice, _ x: Tensor, gradient: consuming Tensor, _ context: Context
    ) -> (value: Tensor, gradient: Tensor) {
        let pass = again(slice, x, context), value = pass.value
        return (
            value, pass.pullback(gradient) ?? Tensor(zeros: x.shape, dtype: x.dtype)
        )
    }

    private func again(
        _ slice: Slice, _ x: Tensor, isNeeded: Bool = true, _ context: Context
    ) -> Pass {
        Pass(x.reshaped(to: slice.shape), isNeeded: isNeeded, context) { body($0, slice, $1) }
    }

    // MARK: All slices

    /// The whole output without a tape.
    ///
    /// - Parameter input: Gives a slice's rows.
    package func forward(_ context: Context, input: (Slice) -> Tensor) -> Tensor {
        var output: Tensor?
        for slice in slices {
            put(
                forward(slice, input(slice), context), at: slice.output, of: outputShape,
                in: &output)
        }
        return output?.reshaped(to: outputShape) ?? Tensor(zeros: outputShape)
    }

    /// The slices again and back, in order.
    ///
    /// - Parameters:
    ///   - gradient: By the whole output.
    ///   - shape: Of the whole input.
    ///   - isNeeded: Whether the gradient by it is.
    ///   - input: Gives the rows that ``forward(_:input:)`` had.
    ///   - made: Gets each slice's value.
    /// - Returns: The gradient by the input; nil where it isn't needed, or 0.
    package func pullback(
        _ gradient: Tensor, to shape: [Int], isNeeded: Bool = true, _ context: Context,
        input: (Slice) -> Tensor, made: (Slice, Tensor) -> Void = { _, _ in }
    ) -> Tensor? {
        var result: Tensor?
        for slice in slices {
            let pass = again(slice, input(slice), isNeeded: isNeeded, context)
            let part = pass.pullback(slices.count == 1 ? gradient : gradient.rows(slice.output))
            made(slice, pass.value)
            if let part { put(part, at: slice.input, of: shape, in: &result) }
        }
        return result?.reshaped(to: shape)
    }

    /// The whole output again, and the gradient by the whole input `x`.
    package func pullback(
        _ x: Tensor, gradient: Tensor, _ context: Context
    ) -> (value: Tensor, gradient: Tensor) {
        var value: Tensor?
        let byInput = pullback(
            gradient, to: x.shape, context, input: { $0.taken(from: x) },
            made: { put($1, at: $0.output, of: outputShape, in: &value) })
        return (
            value?.reshaped(to: outputShape) ?? Tensor(zeros: outputShape, dtype: x.dtype),
            byInput ?? Tensor(zeros: x.shape, dtype: x.dtype)
        )
    }

    /// A slice's rows in the whole: that itself where there is no other slice, and added to those
    /// of the others where each has all.
    private func put(
        _ part: Tensor, at rows: RowSelection, of shape: [Int], in whole: inout Tensor?
    ) {
        guard slices.count > 1 else { return whole = part }
        let width = shape[shape.count - 1], count = shape.dropLast().reduce(1, *)
        var all = whole.take() ?? Tensor(zeros: [count, width], dtype: part.dtype)
        if rows.count == count {
            all.add(part.reshaped(to: [count, width]))
        } else {
            all.replaceRows(rows, with: part)
        }
        whole = consume all
    }
}

extension Rerun {
    /// A function that has run again, on a tape of its own.
    package struct Pass {
        private let tape: Tape
        private let inputs: [Variable]
        private let output: Variable

        /// Runs `body` once more.
        ///
        /// - Parameters:
        ///   - isNeeded: Whether the gradient by `x` is.
        ///   - body: A pure function of its input, parameters and the context.
        package init(
            _ x: Tensor, isNeeded: Bool = true, _ context: Context,
            _ body: (Variable, Context) -> Variable
        ) {
            self.init([(x, isNeeded)], context) { body($0[0], $1) }
        }

        /// Runs `body` of several inputs once more.
        package init(
            _ inputs: [(tensor: Tensor, isNeeded: Bool)], _ context: Context,
            _ body: ([Variable], Context) -> Variable
        ) {
            var again = context
            again.repeats = true
            let tape = Tape(for: again)
            again.tape = tape
            self.tape = tape
            self.inputs = inputs.map { $0.isNeeded ? tape.input($0.tensor) : Variable($0.tensor) }
            output = body(self.inputs, again)
        }

        /// What it made, the same bits as the first time.
        package var value: Tensor { output.tensor }

        /// Goes back, once: parameters get their gradients.
        ///
        /// - Parameter gradient: By ``value``, of as many scalars.
        /// - Returns: The gradient by the input; nil where it isn't needed, or 0.
        package func pullback(_ gradient: consuming Tensor) -> Tensor? {
            pullbacks(gradient)[0]
        }

        /// The same by each input.
        package func pullbacks(_ gradient: consuming Tensor) -> [Tensor?] {
            tape.backward(from: output, gradient: gradient.reshaped(to: output.shape))
            return inputs.map(tape.gradient)
        }

        /// The same by the only input, zeros where nothing comes down to it.
        package func slope(_ gradient: consuming Tensor) -> Tensor {
            pullback(gradient)
                ?? Tensor(zeros: inputs[0].shape, dtype: inputs[0].tensor.dtype)
        }
    }
}
