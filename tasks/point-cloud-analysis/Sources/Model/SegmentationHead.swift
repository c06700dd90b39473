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

    /// Logits `[B * N, classes]`; the tape keeps every activation.
    ///
    /// - Parameters:
    ///   - points: `[B * N, width]`.
    ///   - classToken: `[B, width]`.
    ///   - context: Its tile has the points that share a draw of dropout.
    func callAsFunction(
        _ points: Variable, classToken: Variable, _ context: Context
    ) -> Variable {
        let samples = classToken.shape[0], count = points.shape[0] / samples
        let largest = points.reshaped(to: [samples, count, width]).maxPool1d(
            kernel: count, stride: count
        ).reshaped(to: [samples, width])
        let shared = share(ofClassToken: classToken, context) + share(ofLargest: largest, context)
        let rows = (0..<samples).flatMap { Array(repeating: Int32($0), count: count) }
        let sum = share(ofPoints: points, context) + shared.gatherRows(rows)
        let parts = HeadPart.all(samples: samples, count: count, context)
        return .concatenated(
            parts.map { logits(ofSum: sum.slice($0.rows, axis: 0), $0, context) }, axis: 0)
    }

    /// What a sample's class token adds to the hidden layer's map of its points.
    func share(ofClassToken x: Variable, _ context: Context) -> Variable {
        hidden.partial(x, channels: 0..<width, context)
    }

    /// What the maximum over a sample's points adds.
    func share(ofLargest x: Variable, _ context: Context) -> Variable {
        hidden.partial(x, channels: width..<2 * width, context)
    }

    /// What points add to the hidden layer's map of themselves.
    func share(ofPoints x: Variable, _ context: Context) -> Variable {
        hidden.partial(x, channels: 2 * width..<3 * width, context)
    }

    /// The gradient by points, from that by their share in the hidden layer's map.
    ///
    /// - Parameter points: Of the same shape; their values don't matter.
    func pullback(ofShare gradient: Tensor, points: Tensor) -> Tensor {
        Rerun.Pass(points, .inference) { x, _ in
            hidden.constantPartial(x, channels: 2 * width..<3 * width)
        }.slope(gradient)
    }

    /// Logits of some points, from the hidden layer's map of them: the sum of all shares.
    func logits(ofSum sum: Variable, _ part: HeadPart, _ context: Context) -> Variable {
        let features = hidden.finishing(sum, context).dropout(
            rate: dropout, context.scoped("dropout \(part.rows.lowerBound)"))
        return output(features, context)
    }

    /// Channels of the hidden layer, and classes.
    var outputs: (hidden: Int, classes: Int) { (hidden.outputs, output.outputs) }
}

/// Points of one sample.
struct HeadPart {
    let sample: Int
    /// Rows of the batch.
    let rows: Range<Int>

    /// The sample's row for each of them.
    func gathering(_ shared: Variable) -> Variable {
        shared.gatherRows(Array(repeating: Int32(sample), count: rows.count))
    }

    /// All points in parts of the context's tile, none across samples.
    static func all(samples: Int, count: Int, _ context: Context) -> [HeadPart] {
        (0..<samples).flatMap { sample in
            (context.tile ?? .standard).ranges(count).map {
                HeadPart(
                    sample: sample,
                    rows: sample * count + $0.lowerBound..<sample * count + $0.upperBound)
            }
        }
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
