// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Attention inside windows and its bias, as nodes.
extension Variable {
    /// Attention of every head inside each window, from fused queries, keys and values.
    ///
    /// Keeps the input, the bias and one number a row and head; never the matrix of weights.
    ///
    /// - Parameters:
    ///   - heads: A divisor of C.
    ///   - bias: Added to the scaled products, `[heads, N, N]`.
    ///   - regions: Labels of the tokens of all W windows, or of the first windows whose labels
    ///     all others repeat; -100 is added between tokens of a window whose labels differ.
    ///     Nil: every token sees its whole window.
    /// - Returns: `[W, N, C]` for `[W, N, 3C]` (queries, keys, values, each heads x depth).
    package func windowAttention(heads: Int, bias: Variable, regions: [Int32]?) -> Variable {
        let qkv = tensor, added = bias.tensor
        let (result, logSums) = qkv.windowAttention(heads: heads, bias: added, regions: regions)
        let needs = (input: needsGradient, bias: bias.needsGradient)
        return Variable.operation(result, inputs: [self, bias]) { gradient in
            let gradients = qkv.windowAttentionGradient(
                of: gradient, logSums: logSums, heads: heads, bias: added, regions: regions,
                needsBias: needs.bias)
            return [needs.input ? gradients.qkv : nil, gradients.bias]
        }
    }

    /// The bias of each pair of tokens, from a table `[rows, heads]` by relative position.
    ///
    /// - Parameters:
    ///   - index: The row of each of the N * N pairs.
    ///   - tokens: N.
    /// - Returns: `[heads, N, N]`.
    package func relativeBias(_ index: [Int32], tokens: Int) -> Variable {
        let rows = shape[0]
        return Variable.operation(
            tensor.relativeBias(index, tokens: tokens), inputs: [self]
        ) { gradient in
            [gradient.relativeBiasGradient(index, rows: rows)]
        }
    }
}
