// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors

extension Tensor {
    /// Uniform draws within ±1 / √inputs, as PyTorch's convolutions begin.
    init(convolution shape: [Int], key: RandomKey) {
        let bound = 1 / Double(shape.dropFirst().reduce(1, *)).squareRoot()
        self.init(uniform: shape, in: -bound...bound, key: key)
    }
}

extension Conv1d {
    /// A convolution of an odd kernel that keeps the length, initialised as PyTorch does it but
    /// for a bias of zeros.
    convenience init(
        centred kernel: Int, _ inputs: Int, _ outputs: Int, hasBias: Bool, key: RandomKey
    ) {
        self.init(
            weight: Tensor(convolution: [outputs, inputs, kernel], key: key),
            bias: hasBias ? Tensor(zeros: [outputs]) : nil, padding: kernel / 2)
    }

    /// The convolution of a level, zero where it isn't real.
    func masked(_ x: MaskedSequence, _ context: Context) -> MaskedSequence {
        x.with(x.masked(self(x.values, context)))
    }
}

/// Layer normalisation of channels with ActionFormer's shapes: `weight` and `bias`, `[1, C, 1]`.
final class ChannelNorm: AffineModule {
    let weight: Parameter
    let bias: Parameter
    private let width: Int

    /// A layer that starts as plain normalisation.
    init(_ width: Int) {
        self.width = width
        weight = Parameter(Tensor(repeating: 1, shape: [1, width, 1]))
        bias = Parameter(Tensor(zeros: [1, width, 1]))
    }

    /// `[B, T, C]` for `[B, T, C]`.
    func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.layerNorm(
            weight: context.use(weight).reshaped(to: [width]),
            bias: context.use(bias).reshaped(to: [width]), epsilon: 1e-5)
    }
}

/// A depthwise convolution with a norm behind it, before each of queries, keys and values.
final class DepthwiseProjection: Module {
    private let weight: Parameter
    private let norm: ChannelNorm
    private let name: String
    private let stride: Int

    /// - Parameter name: `query`, `key` or `value`.
    init(_ name: String, width: Int, stride: Int, key: RandomKey) {
        self.name = name
        self.stride = stride
        weight = Parameter(Tensor(convolution: [width, 1, 3], key: key))
        norm = ChannelNorm(width)
    }

    func register(in registry: inout ModuleRegistry) {
        registry.parameter("\(name)_conv.conv.weight", weight)
        registry.child("\(name)_norm", norm)
    }

    /// `[B, T / stride, C]` for `[B, T, C]`.
    func callAsFunction(_ x: MaskedSequence, _ context: Context) -> MaskedSequence {
        let values = x.values.depthwiseConv1d(
            weight: context.use(weight), stride: stride, padding: 1)
        let result = stride == 1 ? x : x.halved(values)
        return result.with(norm(result.masked(values), context))
    }
}

/// Attention with depthwise convolutions before it, within a window or over the whole sequence
/// (Zhang, Wu, Li, ECCV 2022, section 3.2).
final class ConvolutionAttention: Module {
    private let depthwise: [DepthwiseProjection]
    private let projections: [Conv1d]
    private let proj: Conv1d
    private let heads: Int
    private let radius: Int?
    private static let parts = ["query", "key", "value"]

    /// - Parameters:
    ///   - window: Tokens that a token attends to; 1 or less: all.
    ///   - stride: 1, or 2 to halve the sequence.
    init(_ width: Int, heads: Int, window: Int, stride: Int, key: RandomKey) {
        self.heads = heads
        radius = window > 1 ? window / 2 : nil
        depthwise = Self.parts.map {
            DepthwiseProjection($0, width: width, stride: stride, key: key.child($0 + "_conv"))
        }
        projections = Self.parts.map {
            Conv1d(centred: 1, width, width, hasBias: true, key: key.child($0))
        }
        proj = Conv1d(centred: 1, width, width, hasBias: true, key: key.child("proj"))
    }

    func register(in registry: inout ModuleRegistry) {
        for layer in depthwise { registry.child("", layer) }
        for (name, layer) in zip(Self.parts, projections) { registry.child(name, layer) }
        registry.child("proj", proj)
    }

    func callAsFunction(_ x: MaskedSequence, _ context: Context) -> MaskedSequence {
        let inputs = depthwise.map { $0(x, context) }
        let mapped = zip(projections, inputs).map { $0($1.values, context) }
        let lengths = inputs[0].lengths
        let attended = Variable.concatenated(mapped, axis: 2)
            .attention(heads: heads, reach: AttentionReach(radius: radius, lengths: lengths))
        return proj.masked(MaskedSequence(values: attended, lengths: lengths), context)
    }
}
