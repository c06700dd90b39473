// SPDX-License-Identifier: Apache-2.0
import Layers
import Reversible
import Tensors

/// One pre-norm block, as two branches.
final class TransformerBlock: Module {
    private let norm1: LayerNorm
    private let attention: MultiHeadAttention
    private let scale1: LayerScale?
    private let norm2: LayerNorm
    private let mlp: MLP
    private let scale2: LayerScale?

    init(_ configuration: VisionTransformerConfiguration, key: RandomKey) {
        let width = configuration.width, epsilon = configuration.epsilon
        norm1 = LayerNorm(width, epsilon: epsilon)
        attention = MultiHeadAttention(
            width, heads: configuration.heads,
            biases: configuration.isVideo ? .queriesAndValues : .all,
            dropoutRate: configuration.attentionDropoutRate, key: key.child("attn"))
        norm2 = LayerNorm(width, epsilon: epsilon)
        mlp = MLP(
            width, hidden: width * configuration.mlpRatio, key: key.child("mlp"))
        let scaled = configuration.hasLayerScale
        scale1 = scaled ? LayerScale(width) : nil
        scale2 = scaled ? LayerScale(width) : nil
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("norm1", norm1)
        registry.child("attn", attention)
        if let scale1 { registry.child("ls1", scale1) }
        registry.child("norm2", norm2)
        registry.child("mlp", mlp)
        if let scale2 { registry.child("ls2", scale2) }
    }

    /// F for the attention half and for the MLP half; LayerScale belongs to F.
    ///
    /// - Parameter takesSide: Whether positions are added again before the block.
    func branches(index: Int, dropPathRate: Double, takesSide: Bool = false) -> [Branch] {
        [
            Branch(
                name: "\(index).attn", unit: .sample, dropPathRate: dropPathRate,
                takesSide: takesSide
            ) { [norm1, attention, scale1] x, context in
                let output = attention(norm1(x, context), context)
                return scale1?(output, context) ?? output
            },
            Branch(name: "\(index).mlp", unit: .token, dropPathRate: dropPathRate) {
                [norm2, mlp, scale2] x, context in
                let output = mlp(norm2(x, context), context)
                return scale2?(output, context) ?? output
            },
        ]
    }
}
