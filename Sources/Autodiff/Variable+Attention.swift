// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Softmax attention as a node.
extension Variable {
    /// Attention of every head over all tokens, from fused queries, keys and values.
    ///
    /// Keeps the input, the result and one number a row and head; never the matrix of weights.
    ///
    /// - Parameters:
    ///   - reach: Which tokens see each other; nil for all.
    ///   - dropout: Of the weights behind the softmax.
    /// - Returns: `[B, N, C]` for `[B, N, 3C]` (queries, keys, values, each heads x depth).
    package func attention(
        heads: Int, reach: AttentionReach? = nil, dropout: AttentionDropout? = nil
    ) -> Variable {
        let qkv = tensor
        let (result, logSums) = qkv.attention(heads: heads, reach: reach, dropout: dropout)
        return Variable.operation(result, inputs: [self]) { gradient in
            [
                qkv.attentionGradient(
                    of: gradient, result: result, logSums: logSums, heads: heads, reach: reach,
                    dropout: dropout)
            ]
        }
    }
}
