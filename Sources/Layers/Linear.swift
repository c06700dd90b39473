// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// An affine map of the last axis: `weight` `[out, in]` and `bias` `[out]`.
public final class Linear: AffineModule {
    /// `[out, in]`.
    public let weight: Parameter
    /// `[out]`, or none.
    public let bias: Parameter?

    /// A layer of given weights.
    public init(weight: Tensor, bias: Tensor?) {
        precondition(
            weight.rank == 2 && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
            "Linear: weight \(weight.shape) and bias \(bias?.shape ?? [])")
        self.weight = Parameter(weight)
        self.bias = bias.map { Parameter($0) }
    }

    /// A layer to train: weights of a truncated normal distribution, no offset.
    public convenience init(
        _ inputs: Int, _ outputs: Int, hasBias: Bool = true, standardDeviation: Double = 0.02,
        key: RandomKey
    ) {
        self.init(
            weight: Tensor(
                truncatedNormal: [outputs, inputs], standardDeviation: standardDeviation,
                key: key.child("weight")),
            bias: hasBias ? Tensor(zeros: [outputs]) : nil)
    }

    /// `[..., out]` for `[..., in]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.linear(weight: context.use(weight), bias: bias.map(context.use))
    }

    /// The map and the exact GELU in one operation.
    package func withGELU(_ x: Variable, _ context: Context) -> Variable {
        x.linearGELU(weight: context.use(weight), bias: bias.map(context.use))
    }
}
