// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Tensors

/// A graph convolution with maximum aggregation over feature-space neighbours.
///
/// The message of an edge is a linear map of (neighbour, centre) and the maximum over the
/// neighbours follows with no nonlinearity between, so the map is applied once a position:
/// max_j (W₁ x_j) + W₂ x_i + b, the same numbers at a k-th of the work.
package final class NeighbourConvolution: Module {
    /// `[C, 2 C]`: first the neighbour's half, then the centre's.
    package let weight: Parameter
    /// One number a channel.
    package let bias: Parameter
    private let neighbours: Int
    private let crossScale: Int

    /// Xavier-uniform weights and a zero bias.
    package init(_ configuration: VSGNConfiguration, key: RandomKey) {
        let channels = configuration.channels
        weight = Parameter(
            Tensor(
                xavierUniform: [channels, 2 * channels], inputs: 2 * channels, outputs: channels,
                key: key))
        bias = Parameter(Tensor(zeros: [channels]))
        neighbours = configuration.neighbours
        crossScale = configuration.crossScaleNeighbours
    }

    /// `[B, T, C]` to `[B, T, C]`; splits are where the magnified copies begin.
    package func callAsFunction(_ x: Variable, splits: [Int?], _ context: Context) -> Variable {
        let (batch, length, channels) = (x.shape[0], x.shape[1], x.shape[2])
        let indices = x.tensor.nearestPositions(
            k: neighbours, splits: splits, limited: crossScale)
        let both = context.use(weight)
        func half(_ range: Range<Int>) -> Variable {
            both.slice(range, axis: 1).reshaped(to: [channels, channels, 1])
        }
        let messages = x.conv1d(weight: half(0..<channels), bias: nil)
            .reshaped(to: [batch * length, channels])
        let centre = x.conv1d(weight: half(channels..<2 * channels), bias: context.use(bias))
        return messages.gatherMax(indices, neighbours: neighbours)
            .reshaped(to: [batch, length, channels]) + centre
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("mlp.weight", weight)
        registry.parameter("mlp.bias", bias)
    }
}

/// One encoder level: convolution beside graph convolution, summed, ReLU, pooled by 2.
final class GraphLevel: Module {
    private let convolution: Conv1d
    private let graph: NeighbourConvolution?
    private let poolWidth: Int

    init(_ configuration: VSGNConfiguration, key: RandomKey) {
        let channels = configuration.channels, hasGraph = configuration.neighbours > 0
        convolution = Conv1d(
            channels, channels, kernel: 3, stride: hasGraph ? 1 : 2, padding: 1,
            key: key.child("tconv1"))
        graph = hasGraph ? NeighbourConvolution(configuration, key: key.child("nconv1")) : nil
        poolWidth = configuration.form.poolWidth
    }

    func callAsFunction(_ x: Variable, splits: [Int?], _ context: Context) -> Variable {
        guard let graph else { return convolution(x, context, relu: true) }
        return (convolution(x, context) + graph(x, splits: splits, context)).relu()
            .maxPool1d(kernel: poolWidth, stride: 2, padding: (poolWidth - 1) / 2)
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("tconv1", convolution)
        if let graph { registry.child("nconv1", graph) }
    }
}

/// The cross-scale graph pyramid (Zhao et al., ICCV 2021): encoder, laterals, decoder.
final class GraphPyramid: Module {
    private let configuration: VSGNConfiguration
    private let stem: Conv1d
    private let encoder: [GraphLevel]
    private let upsampling: [ConvTranspose1d]
    private let smoothing: [Conv1d]
    private let laterals: [Conv1d]

    init(_ configuration: VSGNConfiguration, key: RandomKey) {
        self.configuration = configuration
        let channels = configuration.channels, levels = configuration.levels
        func convolution(_ name: String, _ index: Int) -> Conv1d {
            Conv1d(
                channels, channels, kernel: 3, padding: 1, key: key.child(name).child(index))
        }
        stem = Conv1d(
            configuration.inputWidth, channels, kernel: 3, stride: configuration.stemStride,
            padding: 1, key: key.child("conv0"))
        encoder = (0..<levels).map {
            GraphLevel(configuration, key: key.child("levels_enc").child($0))
        }
        upsampling = (0..<levels - 1).map {
            ConvTranspose1d(
                channels, channels, kernel: 3, stride: 2, padding: 1, outputPadding: 1,
                key: key.child("levels_dec").child($0))
        }
        smoothing = (0..<levels).map { convolution("levels1", $0) }
        laterals = (0..<levels - 1).map { convolution("levels2", $0) }
    }

    /// `[B, T, D]` to the decoder's levels, finest first: `[B, T / stride, C]` each.
    ///
    /// - Precondition: T is a multiple of the largest stride.
    func callAsFunction(_ features: Variable, layouts: [WindowLayout], _ context: Context)
        -> [Variable]
    {
        let length = features.shape[1]
        var x = stem(features, context, relu: true)
        var encoded: [Variable] = []
        for level in encoder {
            let ratio = length / x.shape[1]
            x = level(x, splits: layouts.map { $0.magnifiedStart.map { $0 / ratio } }, context)
            encoded.append(x)
        }
        x = smoothing[0](encoded[encoded.count - 1], context, relu: true)
        var decoded = [x]
        for index in 0..<configuration.levels - 1 {
            let lateral = laterals[index](
                encoded[configuration.levels - 2 - index], context, relu: true)
            x = smoothing[index + 1](
                lateral + upsampling[index](x, context, relu: true), context, relu: true)
            decoded.append(x)
        }
        return decoded.reversed()
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("conv0.0", stem)
        registry.children("levels_enc", encoder)
        for (index, layer) in upsampling.enumerated() {
            registry.child("levels_dec.\(index).0", layer)
        }
        for (index, layer) in smoothing.enumerated() { registry.child("levels1.\(index).0", layer) }
        for (index, layer) in laterals.enumerated() { registry.child("levels2.\(index).0", layer) }
    }
}
