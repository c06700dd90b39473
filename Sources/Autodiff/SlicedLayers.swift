// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Layers on independent units along the first axis: `[units, t, C]` to `[units, t', C']`.
///
/// A backward pass may run them again a slice at a time, from rows of an input that somebody else
/// keeps.
package struct SlicedLayers {
    /// Units of a whole batch.
    package let units: Int
    /// Rows that go into a unit, and come out of it.
    package let rows: (input: Int, output: Int)
    /// The shape of the output of a whole batch.
    package let outputShape: [Int]
    private let body: (Variable, Context) -> Variable

    /// Layers.
    ///
    /// - Parameters:
    ///   - units: Units of a whole batch.
    ///   - rows: Rows of a unit, in and out.
    ///   - outputShape: `[..., C']` of a whole batch.
    ///   - body: A pure function of its input `[some units, t, C]`, of parameters and of the context.
    package init(
        units: Int, rows: (input: Int, output: Int), outputShape: [Int],
        _ body: @escaping (Variable, Context) -> Variable
    ) {
        self.units = units
        self.rows = rows
        self.outputShape = outputShape
        self.body = body
    }

    /// All units at once, on the context's tape where there is one.
    package func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        body(x.reshaped(to: [units, rows.input, x.shape[x.shape.count - 1]]), context)
            .reshaped(to: outputShape)
    }

    /// Units in slices of at most so many rows of input, one unit at least; nil takes all at once.
    package func slices(_ tile: Int?) -> [Range<Int>] {
        let size = tile.map { max(1, $0 / max(1, rows.input)) } ?? max(1, units)
        return stride(from: 0, to: units, by: size).map { $0..<min(units, $0 + size) }
    }

    /// The output without a tape.
    ///
    /// - Parameter input: Gives rows of the input, `[rows, C]`.
    package func forward(
        tile: Int?, dtype: DType, _ context: Context, input: (Range<Int>) -> Tensor
    ) -> Tensor {
        var inference = context
        inference.tape = nil
        let slices = slices(tile)
        func part(_ slice: Range<Int>) -> Tensor {
            run(Variable(input(inputRows(slice))), slice, inference).tensor
        }
        if slices.count == 1 { return part(slices[0]).reshaped(to: outputShape) }
        let width = outputShape[outputShape.count - 1]
        var output = Tensor(zeros: [units * rows.output, width], dtype: dtype)
        for slice in slices {
            output.replaceRows(
                .run(slice.lowerBound * rows.output..<slice.upperBound * rows.output),
                with: part(slice))
        }
        return output.reshaped(to: outputShape)
    }

    /// The gradient by the input, `[rows, C]`; those of parameters accumulate slice by slice.
    ///
    /// - Parameters:
    ///   - gradient: By the output of the whole batch.
    ///   - input: Gives the same rows as in ``forward(tile:dtype:_:input:)``.
    package func pullback(
        _ gradient: consuming Tensor, tile: Int?, _ context: Context,
        input: (Range<Int>) -> Tensor
    ) -> Tensor {
        let slices = slices(tile), width = outputShape[outputShape.count - 1]
        let slopes = gradient.reshaped(to: [units * rows.output, width])
        var result: Tensor?
        for slice in slices {
            var again = context
            again.repeats = true
            let x = input(inputRows(slice)), tape = Tape(for: again), leaf = tape.input(x)
            again.tape = tape
            let output = run(leaf, slice, again)
            let slope = slopes.rows(
                slice.lowerBound * rows.output..<slice.upperBound * rows.output)
            tape.backward(from: output, gradient: slope.reshaped(to: output.shape))
            guard let part = tape.gradient(of: leaf) else { continue }
            if slices.count == 1 { return part }
            var whole =
                result.take()
                ?? Tensor(zeros: [units * rows.input, x.shape[1]], dtype: x.dtype)
            whole.replaceRows(.run(inputRows(slice)), with: part)
            result = consume whole
        }
        return result ?? Tensor(zeros: [units * rows.input, 0], dtype: slopes.dtype)
    }

    /// The layers as one node that keeps its input alone.
    package func recomputing(_ x: Variable, tile: Int?, _ context: Context) -> Variable {
        let values = x.tensor, width = x.shape[x.shape.count - 1]
        func input(_ rows: Range<Int>) -> Tensor {
            values.reshaped(to: [values.count / width, width]).rows(rows)
        }
        let (watched, trained) = TrainedParts.watching(context)
        let output = forward(tile: tile, dtype: values.dtype, watched, input: input)
        guard let tape = context.tape, x.needsGradient || trained.first != nil else {
            return Variable(output)
        }
        let source = x.needsGradient ? x : tape.input(values)
        return Variable.operation(output, inputs: [source]) { gradient in
            [
                pullback(consume gradient, tile: tile, context, input: input)
                    .reshaped(to: values.shape)
            ]
        }
    }

    private func inputRows(_ slice: Range<Int>) -> Range<Int> {
        slice.lowerBound * rows.input..<slice.upperBound * rows.input
    }

    private func run(_ x: Variable, _ slice: Range<Int>, _ context: Context) -> Variable {
        let width = x.shape[x.shape.count - 1]
        return body(x.reshaped(to: [slice.count, rows.input, width]), context)
    }
}
