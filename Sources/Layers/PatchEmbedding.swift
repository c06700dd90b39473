// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// Square patches of an image, or tubelets of a clip, to tokens: `proj.weight`
/// `[C, channels, p, p]` or `[C, channels, t, p, p]`, `proj.bias` `[C]`.
public final class PatchEmbedding: Module {
    /// `[C, channels, p, p]`, or `[C, channels, t, p, p]`.
    public let weight: Parameter
    /// `[C]`, or none.
    public let bias: Parameter?

    /// The size of a patch along each axis: `[p, p]` or `[t, p, p]`.
    public var patch: [Int] { Array(weight.shape.dropFirst(2)) }

    /// A layer of given weights.
    public init(weight: Tensor, bias: Tensor?) {
        precondition(
            (4...5).contains(weight.rank) && weight.shape[weight.rank - 2] == weight.shape.last
                && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
            "PatchEmbedding: weight \(weight.shape) and bias \(bias?.shape ?? [])")
        self.weight = Parameter(weight)
        self.bias = bias.map { Parameter($0) }
    }

    /// A layer to train.
    ///
    /// - Parameter patch: `[p, p]` for images, `[t, p, p]` for clips.
    public convenience init(
        _ width: Int, patch: [Int], channels: Int = 3, standardDeviation: Double = 0.02,
        key: RandomKey
    ) {
        self.init(
            weight: Tensor(
                truncatedNormal: [width, channels] + patch,
                standardDeviation: standardDeviation, key: key.child("proj").child("weight")),
            bias: Tensor(zeros: [width]))
    }

    /// Registers the parameters under the names of checkpoints.
    public func register(in registry: inout ModuleRegistry) {
        registry.parameter("proj.weight", weight)
        registry.parameter("proj.bias", bias)
    }

    /// `[B, N, C]`, patches in row order, for `[B, channels, H, W]` or `[B, channels, T, H, W]`.
    public func callAsFunction(_ images: Variable, _ context: Context) -> Variable {
        images.patchEmbedding(weight: context.use(weight), bias: bias.map(context.use))
    }
}
