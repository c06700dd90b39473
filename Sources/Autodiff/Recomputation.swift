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
        var inference = context
        inference.tape = nil
        var output = Tensor(zeros: [parts.last?.upperBound ?? 0, width], dtype: x.dtype)
        for part in parts {
            output.replaceRows(.run(part), with: body(Variable(x), part, inference).tensor)
        }
        guard let tape = context.tape else { return Variable(output) }
        let input = isNeeded ? self : tape.input(x)
        return Variable.operation(output, inputs: [input]) { gradient in
            var sum = isNeeded ? Tensor(zeros: x.shape, dtype: x.dtype) : nil
            for part in parts {
                let inner = Tape()
                var again = context
                again.tape = inner
                let leaf = isNeeded ? inner.input(x) : Variable(x)
                inner.backward(
                    from: body(leaf, part, again), gradient: gradient.rows(part))
                if let own = inner.gradient(of: leaf) { sum?.add(own) }
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
        var inference = context
        inference.tape = nil
        let output = body(Variable(x), inference).tensor
        // A node of its own, so that the parameters inside get their gradients.
        let input = isNeeded ? self : tape.input(x)
        return Variable.operation(output, inputs: [input]) { gradient in
            let inner = Tape()
            var again = context
            again.tape = inner
            let leaf = isNeeded ? inner.input(x) : Variable(x)
            inner.backward(from: body(leaf, again), gradient: gradient)
            return [
                isNeeded
                    ? inner.gradient(of: leaf) ?? Tensor(zeros: x.shape, dtype: x.dtype) : nil
            ]
        }
    }
}
