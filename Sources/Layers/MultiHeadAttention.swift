// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// Self-attention over all tokens: `qkv` (C to 3C) and `proj` (C to C), with `q_bias` and
/// `v_bias` where keys have none.
public final class MultiHeadAttention: Module {
    /// Which parts of queries, keys and values have a bias.
    public enum Biases: Sendable, Hashable {
        /// All, in `qkv.bias`.
        case all
        /// None.
        case none
        /// Queries and values, in `q_bias` and `v_bias`, as VideoMAE's published weights have them.
        case queriesAndValues
    }

    /// Queries, keys and values in one map.
    public let qkv: Linear
    /// The map of the joined heads.
    public let proj: Linear
    /// The biases of queries and of values, `[C]`, where they are apart.
    private let apart: (queries: Parameter, values: Parameter)?
    /// The number of heads.
    public let heads: Int
    /// Dropout of the attention's weights, in [0, 1).
    private let dropoutRate: Double

    /// A layer of given maps.
    public init(
        qkv: Linear, proj: Linear, heads: Int, hasBiasesApart: Bool = false,
        dropoutRate: Double = 0
    ) {
        let width = proj.weight.shape[0]
        precondition(
            heads > 0 && width % heads == 0 && qkv.weight.shape == [3 * width, width]
                && proj.weight.shape == [width, width]
                && !(hasBiasesApart && qkv.bias != nil),
            "MultiHeadAttention: qkv \(qkv.weight.shape), proj \(proj.weight.shape),"
                + " \(heads) heads")
        self.qkv = qkv
        self.proj = proj
        self.heads = heads
        self.dropoutRate = dropoutRate
        apart =
            hasBiasesApart
            ? (Parameter(Tensor(zeros: [width])), Parameter(Tensor(zeros: [width]))) : nil
    }

    /// A layer to train.
    public convenience init(
        _ width: Int, heads: Int, biases: Biases = .all, standardDeviation: Double = 0.02,
        dropoutRate: Double = 0, key: RandomKey
    ) {
        self.init(
            qkv: Linear(
                width, 3 * width, hasBias: biases == .all, standardDeviation: standardDeviation,
                key: key.child("qkv")),
            proj: Linear(
                width, width, standardDeviation: standardDeviation, key: key.child("proj")),
            heads: heads, hasBiasesApart: biases == .queriesAndValues,
            dropoutRate: dropoutRate)
    }

    /// Registers the parameters under the names of checkpoints.
    public func register(in registry: inout ModuleRegistry) {
        registry.parameter("q_bias", apart?.queries)
        registry.parameter("v_bias", apart?.values)
        registry.child("qkv", qkv)
        registry.child("proj", proj)
    }

    /// `[B, N, C]` for `[B, N, C]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        guard let apart else { return proj(attended(qkv(x, context), context), context) }
        let queries = context.use(apart.queries)
        let keys = Variable(Tensor(zeros: queries.shape, dtype: queries.tensor.dtype))
        let bias = Variable.concatenated([queries, keys, context.use(apart.values)], axis: 0)
        let fused = x.linear(weight: context.use(qkv.weight), bias: bias)
        return proj(attended(fused, context), context)
    }

    private func attended(_ fused: Variable, _ context: Context) -> Variable {
        let drops = context.isTraining && dropoutRate > 0
        return fused.attention(
            heads: heads,
            dropout: drops
                ? AttentionDropout(
                    rate: dropoutRate, key: context.key.child("attention dropout"),
                    firstSample: context.sampleOffset) : nil)
    }
}
