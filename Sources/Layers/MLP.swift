// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// Two affine maps with a GELU between them: `fc1` and `fc2`.
public final class MLP: Module {
    /// The map before the GELU.
    public let fc1: Linear
    /// The map after the GELU.
    public let fc2: Linear

    /// A layer of given maps.
    public init(fc1: Linear, fc2: Linear) {
        precondition(
            fc1.weight.shape[0] == fc2.weight.shape[1],
            "MLP: fc1 \(fc1.weight.shape) and fc2 \(fc2.weight.shape)")
        self.fc1 = fc1
        self.fc2 = fc2
    }

    /// A layer to train.
    public convenience init(
        _ width: Int, hidden: Int, standardDeviation: Double = 0.02, key: RandomKey
    ) {
        self.init(
            fc1: Linear(width, hidden, standardDeviation: standardDeviation, key: key.child("fc1")),
            fc2: Linear(hidden, width, standardDeviation: standardDeviation, key: key.child("fc2"))
        )
    }

    /// Registers the parameters under the names of checkpoints.
    public func register(in registry: inout ModuleRegistry) {
        registry.child("fc1", fc1)
        registry.child("fc2", fc2)
    }

    /// `[..., C]` for `[..., C]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.mlp(
            (context.use(fc1.weight), fc1.bias.map(context.use)),
            (context.use(fc2.weight), fc2.bias.map(context.use)))
    }
}
