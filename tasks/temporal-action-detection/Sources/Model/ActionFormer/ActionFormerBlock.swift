// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors

/// Drop path behind a learned factor for each channel, 0.0001 at first.
final class ScaledDropPath: Module {
    private let scale: Parameter
    private let rate: Double
    private let name: String

    init(_ name: String, width: Int, rate: Double) {
        self.name = name
        self.rate = rate
        scale = Parameter(Tensor(repeating: 1e-4, shape: [1, width, 1]))
    }

    func register(in registry: inout ModuleRegistry) { registry.parameter("scale", scale) }

    /// `[B, T, C]` for `[B, T, C]`.
    func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.multiplyingRow(context.use(scale).reshaped(to: [x.shape[2]]))
            .dropPath(rate: rate, context.scoped(name))
    }
}

/// A transformer block of the pyramid, which may halve the sequence.
final class ActionFormerBlock: Module {
    private let norms: [ChannelNorm]
    private let attention: ConvolutionAttention
    private let hidden: Conv1d
    private let output: Conv1d
    private let dropPaths: [ScaledDropPath]
    private let stride: Int
    private let name: String

    /// - Parameter name: Unique in the network: the scope of its random draws.
    init(
        _ name: String, _ configuration: ActionFormerConfiguration, window: Int, stride: Int,
        key: RandomKey
    ) {
        let width = configuration.channels
        self.name = name
        self.stride = stride
        norms = (0..<2).map { _ in ChannelNorm(width) }
        attention = ConvolutionAttention(
            width, heads: configuration.heads, window: window, stride: stride,
            key: key.child("attn"))
        let mlp = key.child("mlp")
        hidden = Conv1d(centred: 1, width, 4 * width, hasBias: true, key: mlp.child(0))
        output = Conv1d(centred: 1, 4 * width, width, hasBias: true, key: mlp.child(3))
        let rate = configuration.dropPathRate
        dropPaths =
            rate > 0
            ? ["drop_path_attn", "drop_path_mlp"].map {
                ScaledDropPath($0, width: width, rate: rate)
            } : []
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("ln1", norms[0])
        registry.child("ln2", norms[1])
        registry.child("attn", attention)
        registry.child("mlp.0", hidden)
        registry.child("mlp.3", output)
        for (name, layer) in zip(["drop_path_attn", "drop_path_mlp"], dropPaths) {
            registry.child(name, layer)
        }
    }

    func callAsFunction(_ x: MaskedSequence, _ outer: Context) -> MaskedSequence {
        let context = outer.scoped(name)
        func dropped(_ branch: Int, _ values: Variable) -> Variable {
            dropPaths.isEmpty ? values : dropPaths[branch](values, context)
        }
        let attended = attention(x.with(norms[0](x.values, context)), context)
        let skipped =
            stride == 1 ? x.values : x.values.maxPool1d(kernel: 3, stride: stride, padding: 1)
        let middle = attended.masked(skipped) + dropped(0, attended.values)
        let mapped = norms[1](middle, context).mlp(matrix(hidden, context), matrix(output, context))
        return attended.with(middle + dropped(1, attended.masked(mapped)))
    }

    /// A convolution of one tap as an affine map.
    private func matrix(_ layer: Conv1d, _ context: Context) -> (
        weight: Variable, bias: Variable?
    ) {
        let shape = layer.weight.shape
        return (
            context.use(layer.weight).reshaped(to: [shape[0], shape[1]]),
            layer.bias.map(context.use)
        )
    }
}
