// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Self-attention over all tokens: `qkv` (C to 3C) and `proj` (C to C).
package final class MultiHeadAttention: Module {
    /// Queries, keys and values in one map.
    package let qkv: Linear
    /// The map of the joined heads.
    package let proj: Linear
    /// The number of heads.
    package let heads: Int

    /// A layer of given maps.
    package init(qkv: Linear, proj: Linear, heads: Int) {
        let width = proj.weight.shape[0]
        precondition(
            heads > 0 && width % heads == 0 && qkv.weight.shape == [3 * width, width]
                && proj.weight.shape == [width, width],
            "MultiHeadAttention: qkv \(qkv.weight.shape), proj \(proj.weight.shape),"
                + " \(heads) heads")
        self.qkv = qkv
        self.proj = proj
        self.heads = heads
    }

    /// A layer to train.
    package convenience init(
        _ width: Int, heads: Int, hasQKVBias: Bool = true, standardDeviation: Double = 0.02,
        key: RandomKey
    ) {
        self.init(
            qkv: Linear(
                width, 3 * width, hasBias: hasQKVBias, standardDeviation: standardDeviation,
                key: key.child("qkv")),
            proj: Linear(
                width, width, standardDeviation: standardDeviation, key: key.child("proj")),
            heads: heads)
    }

    package func register(in registry: inout ModuleRegistry) {
        registry.child("qkv", qkv)
        registry.child("proj", proj)
    }

    /// `[B, N, C]` for `[B, N, C]`.
    package func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        proj(qkv(x, context).attention(heads: heads), context)
    }
}
