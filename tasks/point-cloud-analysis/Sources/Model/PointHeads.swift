// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// Classes of every point, from its features, the class token and the maximum over all points.
final class SegmentationHead: Module {
    private let width: Int
    private let hidden: PointLayer
    private let output: PointLayer
    private let dropout: Double

    init(width: Int, classes: Int, hidden: Int, dropout: Double, key: RandomKey) {
        self.width = width
        self.hidden = PointLayer(3 * width, hidden, axes: 1, norm: .layer, key: key.child(0))
        output = PointLayer(hidden, classes, axes: 1, relu: false, key: key.child(2))
        self.dropout = dropout
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("head.0", hidden)
        registry.child("head.2", output)
    }

    /// Logits `[B * N, classes]`.
    ///
    /// - Parameters:
    ///   - points: `[B * N, width]`.
    ///   - classToken: `[B, width]`.
    ///   - keepsAll: Whether the tape keeps every activation.
    ///   - tile: Points of a slice, where it doesn't.
    func callAsFunction(
        _ points: Variable, classToken: Variable, keepsAll: Bool, tile: Tile?, _ context: Context
    ) -> Variable {
        let samples = classToken.shape[0], count = points.shape[0] / samples
        let largest = points.reshaped(to: [samples, count, width]).maxPool1d(
            kernel: count, stride: count
        ).reshaped(to: [samples, width])
        let shared =
            hidden.partial(classToken, channels: 0..<width, context)
            + hidden.partial(largest, channels: width..<2 * width, context)
        let rows = (0..<samples).flatMap { Array(repeating: Int32($0), count: count) }
        let sum =
            hidden.partial(points, channels: 2 * width..<3 * width, context)
            + shared.gatherRows(rows)
        let size = (tile ?? .standard).tokens, total = samples * count
        let parts = stride(from: 0, to: total, by: size).map { $0..<min(total, $0 + size) }
        func finish(_ x: Variable, _ part: Range<Int>, _ context: Context) -> Variable {
            let features = hidden.finishing(x.slice(part, axis: 0), context).dropout(
                rate: dropout, context.scoped("dropout \(part.lowerBound)"))
            return output(features, context)
        }
        return keepsAll
            ? .concatenated(parts.map { finish(sum, $0, context) }, axis: 0)
            : sum.recomputingParts(parts, width: output.outputs, context, finish)
    }
}

/// Classes of a shape, from the class token and the maximum over all tokens: hidden layers with
/// batch norm, ReLU and dropout behind each (openpoints' `ClsHead`).
final class ClassificationHead: Module {
    private let hidden: [PointLayer]
    private let output: PointLayer
    private let dropout: Double

    /// - Parameter hidden: Channels of each hidden layer.
    init(width: Int, classes: Int, hidden: [Int], dropout: Double, key: RandomKey) {
        let widths = [2 * width] + hidden
        self.hidden = hidden.indices.map {
            PointLayer(
                widths[$0], widths[$0 + 1], axes: 0, norm: .batch, key: key.child(2 * $0))
        }
        output = PointLayer(
            widths[hidden.count], classes, axes: 0, relu: false, key: key.child(2 * hidden.count))
        self.dropout = dropout
    }

    func register(in registry: inout ModuleRegistry) {
        for (index, layer) in (hidden + [output]).enumerated() {
            registry.child("head.\(2 * index)", layer)
        }
    }

    /// Logits `[B, classes]` of tokens `[B, 1 + n, width]`.
    func callAsFunction(_ tokens: Variable, _ context: Context) -> Variable {
        let (samples, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
        let classToken = tokens.tokenSlice(0..<1).reshaped(to: [samples, width])
        let largest = tokens.tokenSlice(1..<count).maxPool1d(kernel: count - 1, stride: count - 1)
            .reshaped(to: [samples, width])
        var features = Variable.concatenated([classToken, largest], axis: 1)
        for (index, layer) in hidden.enumerated() {
            features = layer(features, context).dropout(
                rate: dropout, context.scoped("dropout \(index)"))
        }
        return output(features, context)
    }
}
