// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// Layer normalization of the last axis: `weight` and `bias`, both `[C]`.
public final class LayerNorm: AffineModule {
    /// `[C]`.
    public let weight: Parameter
    /// `[C]`.
    public let bias: Parameter
    /// Added to the variance.
    public let epsilon: Double

    /// A layer of given weights.
    public init(weight: Tensor, bias: Tensor, epsilon: Double = 1e-6) {
        precondition(
            weight.rank == 1 && weight.shape == bias.shape,
            "LayerNorm: weight \(weight.shape) and bias \(bias.shape)")
        self.weight = Parameter(weight)
        self.bias = Parameter(bias)
        self.epsilon = epsilon
    }

    /// A layer that starts as plain normalization.
    public convenience init(_ width: Int, epsilon: Double = 1e-6) {
        self.init(
            weight: Tensor(repeating: 1, shape: [width]), bias: Tensor(zeros: [width]),
            epsilon: epsilon)
    }

    /// `[..., C]` for `[..., C]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.layerNorm(weight: context.use(weight), bias: context.use(bias), epsilon: epsilon)
    }
}

/// A learned factor for each channel: `gamma` `[C]` (Touvron and others 2021).
public final class LayerScale: Module {
    /// `[C]`.
    public let gamma: Parameter

    /// A layer of given factors.
    public init(gamma: Tensor) {
        precondition(gamma.rank == 1, "LayerScale: gamma \(gamma.shape)")
        self.gamma = Parameter(gamma)
    }

    /// A layer whose factors start at `initial`.
    public convenience init(_ width: Int, initial: Double = 1e-5) {
        self.init(gamma: Tensor(repeating: initial, shape: [width]))
    }

    /// Registers the parameters under the names of checkpoints.
    public func register(in registry: inout ModuleRegistry) {
        registry.parameter("gamma", gamma)
    }

    /// `[..., C]` for `[..., C]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.multiplyingRow(context.use(gamma))
    }
}
