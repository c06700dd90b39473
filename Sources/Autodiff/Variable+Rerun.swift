// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Nodes that keep their input alone, or what their backward pass captures.
extension Variable {
    /// What a pass without a tape makes, as one node.
    ///
    /// - Parameters:
    ///   - inputs: What the pass takes. The first one comes onto the context's tape in any case, so
    ///     that the backward pass is called for the parameters inside.
    ///   - pass: Runs in a context without a tape and says which part runs; gives the result, and
    ///     the gradients by the inputs from that by the result. They need not go beyond the first
    ///     of the parts, 0 where an input needs its gradient.
    package static func rerunning<E: Error>(
        _ inputs: [Variable], _ context: Context,
        _ pass: (Context, TrainedParts) throws(E) -> (output: Tensor, backward: Tape.Backward)
    ) throws(E) -> Variable {
        let (watched, parts) = TrainedParts.watching(context, inputs)
        let (output, backward) = try pass(watched, parts)
        guard let tape = context.tape, parts.first != nil else { return Variable(output) }
        var inputs = inputs
        if !inputs[0].needsGradient { inputs[0] = tape.input(inputs[0].tensor) }
        return .operation(output, inputs: inputs, backward: backward)
    }

    /// `body` of this variable as one node, whose backward pass runs `body` again.
    ///
    /// - Parameter body: A pure function of its input, of parameters and of the context.
    package func recomputing(
        _ context: Context, _ body: @escaping (Variable, Context) -> Variable
    ) -> Variable {
        let x = tensor, isNeeded = needsGradient
        return .rerunning([self], context) { watched, _ in
            let output = body(Variable(x), watched).tensor
            return (output, { [Rerun.Pass(x, isNeeded: isNeeded, context, body).pullback($0)] })
        }
    }

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
        let slices = parts.map {
            Rerun.Slice($0, input: .all(of: tensor), output: .run($0), shape: shape)
        }
        return Rerun(slices: slices, outputShape: [parts.last?.upperBound ?? 0, width]) {
            body($0, $1.units, $2)
        }(self, context)
    }
}

extension Rerun {
    /// The layers as one node that keeps its input alone.
    package func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        let values = x.tensor, isNeeded = x.needsGradient
        func input(_ slice: Slice) -> Tensor { slice.taken(from: values) }
        return .rerunning([x], context) { watched, _ in
            (
                forward(watched, input: input),
                {
                    [
                        pullback(
                            $0, to: values.shape, isNeeded: isNeeded, context, input: input)
                    ]
                }
            )
        }
    }
}
