// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Layers that keep their input alone.
extension Variable {
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
