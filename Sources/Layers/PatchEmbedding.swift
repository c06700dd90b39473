// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Square patches of an image to tokens: `proj.weight` `[C, channels, p, p]`, `proj.bias` `[C]`.
package final class PatchEmbedding: Module {
    /// `[C, channels, p, p]`.
    package let weight: Parameter
    /// `[C]`, or none.
    package let bias: Parameter?

    /// The side of a patch in pixels.
    package var patch: Int { weight.shape[3] }

    /// A layer of given weights.
    package init(weight: Tensor, bias: Tensor?) {
        precondition(
            weight.rank == 4 && weight.shape[2] == weight.shape[3]
                && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
            "PatchEmbedding: weight \(weight.shape) and bias \(bias?.shape ?? [])")
        self.weight = Parameter(weight)
        self.bias = bias.map { Parameter($0) }
    }

    /// A layer to train.
    package convenience init(
        _ width: Int, patch: Int, channels: Int = 3, standardDeviation: Double = 0.02,
        key: RandomKey
    ) {
        self.init(
            weight: Tensor(
                truncatedNormal: [width, channels, patch, patch],
                standardDeviation: standardDeviation, key: key.child("proj").child("weight")),
            bias: Tensor(zeros: [width]))
    }

    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("proj.weight", weight)
        registry.parameter("proj.bias", bias)
    }

    /// `[B, N, C]`, patches in row order, for `[B, channels, H, W]`.
    package func callAsFunction(_ images: Variable, _ context: Context) -> Variable {
        images.patchEmbedding(weight: context.use(weight), bias: bias.map(context.use))
    }
}
