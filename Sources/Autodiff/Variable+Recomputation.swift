// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Layers that keep their input alone.
extension Variable {
    /// Rows that `body` makes part by part from the whole variable, as one node that keeps the
    /// variable alone; its backward pass runs `body` again, a part at a time, in order.
    ///
    /// - Parameters:
    ///   - parts: Neighbouring ranges of the result's rows, from 0 on.
    ///   - width: Columns of the result.
    ///   - body: Gives `[part, width]`: a pure function of this variable, the part, parameters and
    ///     the context.
    package func recomputingParts(
        _ parts: [Range<Int>], width: Int, _ context: Context,
        _ body: @escaping (Variable, Range<Int>, Context) -> Variable
    ) -> Variable {
        let x = tensor, isNeeded = needsGradient
        let (watched, trained) = TrainedParts.watching(context)
        var inference = watched
        inference.tape = nil
        var output = Tensor(zeros: [parts.last?.upperBound ?? 0, width], dtype: x.dtype)
        for part in parts {
            output.replaceRows(.run(part), with: body(Variable(x), part, inference).tensor)
        }
        guard let tape = context.tape, isNeeded || trained.first != nil else {
            return Variable(output)
        }
        let input = isNeeded ? self : tape.input(x)
        return Variable.operation(output, inputs: [input]) { gradient in
            var sum = isNeeded ? Tensor(zeros: x.shape, dtype: x.dtype) : nil
            for part in parts {
                let own = Variable.rerunning(
                    x, isNeeded: isNeeded, context, { body($0, part, $1) }
                ) { _ in gradient.rows(part) }
                if let own { sum?.add(own) }
            }
            return [sum]
        }
    }

    /// `body` of this variable as one node, whose backward pass runs `body` again.
    ///
    /// - Parameter body: A pure function of its input, of parameters and of the context.
    package func recomputing(
        _ context: Context, _ body: @escaping (Variable, Context) -> Variable
    ) -> Variable {
        guard let tape = context.tape else { return body(self, context) }
        let x = tensor, isNeeded = needsGradient
        let (watched, trained) = TrainedParts.watching(context)
        var inference = watched
        inference.tape = nil
        let output = body(Variable(x), inference).tensor
        guard isNeeded || trained.first != nil else { return Variable(output) }
        // A node of its own, so that the parameters inside get their gradients.
        let input = isNeeded ? self : tape.input(x)
        return Variable.operation(output, inputs: [input]) { gradient in
            [Variable.rerunning(x, isNeeded: isNeeded, context, body) { _ in gradient }]
        }
    }

    /// Runs `body` again on a tape of its own and goes backward through it; parameters get their
    /// gradients.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - isNeeded: Whether its gradient is.
    ///   - gradient: Gives the gradient by what `body` made, from it.
    /// - Returns: The gradient by `x`; nil where it isn't needed.
    static func rerunning(
        _ x: Tensor, isNeeded: Bool, _ context: Context, _ body: (Variable, Context) -> Variable,
        gradient: (Tensor) -> Tensor
    ) -> Tensor? {
        var again = context
        again.repeats = true
        let inner = Tape(for: again)
        again.tape = inner
        let leaf = isNeeded ? inner.input(x) : Variable(x)
        let output = body(leaf, again)
        inner.backward(from: output, gradient: gradient(output.tensor))
        guard isNeeded else { return nil }
        return inner.gradient(of: leaf) ?? Tensor(zeros: x.shape, dtype: x.dtype)
    }
}
