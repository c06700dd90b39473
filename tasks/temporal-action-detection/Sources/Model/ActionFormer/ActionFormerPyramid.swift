// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Layers
import Tensors

/// The transformer that turns features into levels of half the length each: projections, blocks
/// at the finest level, a halving block a further level, and a norm a level.
final class ActionFormerPyramid: Module {
    private let configuration: ActionFormerConfiguration
    private let projections: [Conv1d]
    private let projectionNorms: [ChannelNorm]
    private let stem: [ActionFormerBlock]
    private let branch: [ActionFormerBlock]
    private let levelNorms: [ChannelNorm]
    /// Sines and cosines by position over √C, `[L, C]`.
    private let positions: Tensor?

    init(_ configuration: ActionFormerConfiguration, key: RandomKey) {
        self.configuration = configuration
        let channels = configuration.channels
        projections = (0..<configuration.projections).map {
            Conv1d(
                centred: 3, $0 == 0 ? configuration.inputWidth : channels, channels, hasBias: false,
                key: key.child("embd").child($0))
        }
        projectionNorms = projections.map { _ in ChannelNorm(channels) }
        stem = (0..<configuration.stemBlocks).map {
            ActionFormerBlock(
                "stem.\($0)", configuration, window: configuration.windows[0], stride: 1,
                key: key.child("stem").child($0))
        }
        branch = configuration.windows.dropFirst().enumerated().map { index, window in
            ActionFormerBlock(
                "branch.\(index)", configuration, window: window, stride: 2,
                key: key.child("branch").child(index))
        }
        levelNorms = configuration.windows.map { _ in ChannelNorm(channels) }
        positions = configuration.positions.map {
            ActionFormerPyramid.sines(length: $0, width: channels)
        }
    }

    func register(in registry: inout ModuleRegistry) {
        for (index, layer) in projections.enumerated() {
            registry.child("backbone.embd.\(index).conv", layer)
        }
        registry.children("backbone.embd_norm", projectionNorms)
        registry.children("backbone.stem", stem)
        registry.children("backbone.branch", branch)
        registry.children("neck.fpn_norms", levelNorms)
    }

    /// The levels, finest first, of features whose length is a multiple of the largest stride.
    func callAsFunction(_ features: MaskedSequence, _ context: Context) -> [MaskedSequence] {
        var x = features
        for (layer, norm) in zip(projections, projectionNorms) {
            x = x.with(norm(layer.masked(x, context).values, context).relu())
        }
        if let positions { x = x.with(adding(positions, to: x)) }
        for block in stem { x = block(x, context) }
        var levels = [x]
        for block in branch {
            x = block(x, context)
            levels.append(x)
        }
        return zip(levels, levelNorms).map { $0.with($1($0.values, context)) }
    }

    private func adding(_ table: Tensor, to x: MaskedSequence) -> Variable {
        let (batch, length, width) = (x.values.shape[0], x.values.shape[1], x.values.shape[2])
        let dtype = x.values.tensor.dtype, whole = table.converted(to: dtype)
        // A longer sequence spreads the table over its whole length.
        let rows =
            length > whole.shape[0]
            ? whole.reshaped(to: [1, whole.shape[0], width]).interpolated(to: length, .linear)
            : whole.rows(0..<length).reshaped(to: [1, length, width])
        let repeated = Tensor.joiningRows([Tensor](repeating: rows, count: batch))
        return x.values + x.masked(Variable(repeated))
    }

    /// sin and cos of position / 10000^(2⌊c/2⌋ / C) for even and odd channels c, over √C.
    static func sines(length: Int, width: Int) -> Tensor {
        let scale = 1 / Double(width).squareRoot()
        var values: [Double] = []
        values.reserveCapacity(length * width)
        for position in 0..<length {
            for channel in 0..<width {
                let angle =
                    Double(position) / pow(10_000, Double(2 * (channel / 2)) / Double(width))
                values.append(scale * (channel % 2 == 0 ? sin(angle) : cos(angle)))
            }
        }
        return Tensor(values, shape: [length, width], dtype: .float64)
    }
}
