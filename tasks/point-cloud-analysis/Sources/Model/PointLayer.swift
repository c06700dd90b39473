// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors

/// A 1x1 convolution, or linear map, of points' channels with norm and ReLU behind it.
///
/// Names and shapes are those of openpoints' blocks: `0.weight`, `0.bias` where no norm follows,
/// `1` for the norm.
final class PointLayer: Module {
    /// What follows the map.
    enum Norm {
        /// Nothing; the map has a bias then.
        case none
        /// Layer norm over the channels of a point.
        case layer
        /// Batch norm over all points.
        case batch
    }

    /// Channels in and out.
    let inputs, outputs: Int
    private let weight: Parameter
    private let bias: Parameter?
    private let layerNorm: LayerNorm?
    /// The norm over all points, for whoever runs it in parts.
    let batchNorm: BatchNorm?
    private let relu: Bool

    /// A layer to train, uniform in ±1/√inputs.
    ///
    /// - Parameter axes: Axes of length 1 behind the weight's channels: 0 for a linear map, 1 or 2
    ///   for a convolution.
    init(
        _ inputs: Int, _ outputs: Int, axes: Int, norm: Norm = .none, relu: Bool = true,
        key: RandomKey
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.relu = relu
        let bound = 1 / Double(inputs).squareRoot()
        func draw(_ shape: [Int], _ name: String) -> Parameter {
            Parameter(Tensor(uniform: shape, in: -bound...bound, key: key.child(name)))
        }
        weight = draw([outputs, inputs] + Array(repeating: 1, count: axes), "weight")
        bias = norm == .none ? draw([outputs], "bias") : nil
        layerNorm = norm == .layer ? LayerNorm(outputs) : nil
        batchNorm = norm == .batch ? BatchNorm(outputs) : nil
    }

    func register(in registry: inout ModuleRegistry) {
        registry.parameter("0.weight", weight)
        registry.parameter("0.bias", bias)
        if let layerNorm { registry.child("1", layerNorm) }
        if let batchNorm { registry.child("1", batchNorm) }
    }

    /// `[rows, outputs]` for `[rows, inputs]`.
    func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        finish(map(x, context), context)
    }

    /// The map alone.
    func map(_ x: Variable, _ context: Context) -> Variable {
        x.linear(weight: matrix(context), bias: bias.map(context.use))
    }

    /// The share of some input channels in the map, without bias, norm and ReLU.
    func partial(_ x: Variable, channels: Range<Int>, _ context: Context) -> Variable {
        x.linear(weight: matrix(context).slice(channels, axis: 1))
    }

    /// The same with the weights as constants.
    func constantPartial(_ x: Variable, channels: Range<Int>) -> Variable {
        let matrix = Variable(weight.tensor).reshaped(to: [outputs, inputs])
        return x.linear(weight: matrix.slice(channels, axis: 1))
    }

    /// Norm and ReLU behind a map's result whose shares were summed elsewhere.
    ///
    /// - Precondition: The layer has a norm, and so no bias.
    func finishing(_ x: Variable, _ context: Context) -> Variable {
        precondition(bias == nil, "shares of a map with a bias")
        return finish(x, context)
    }

    private func matrix(_ context: Context) -> Variable {
        context.use(weight).reshaped(to: [outputs, inputs])
    }

    private func finish(_ x: Variable, _ context: Context) -> Variable {
        if let batchNorm { return batchNorm(x, context, relu: relu) }
        let normed = layerNorm.map { $0(x, context) } ?? x
        return relu ? normed.relu() : normed
    }
}
