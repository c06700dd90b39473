// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// One pre-norm block of attention inside windows, as two branches.
final class SwinBlock: Module {
    private let norm1: LayerNorm
    private let attention: WindowAttention
    private let norm2: LayerNorm
    private let mlp: MLP

    init(_ configuration: SwinConfiguration, stage: Int, key: RandomKey) {
        let width = configuration.width(stage: stage)
        norm1 = LayerNorm(width, epsilon: configuration.epsilon)
        attention = WindowAttention(
            width, heads: configuration.heads[stage], window: configuration.window,
            key: key.child("attn"))
        norm2 = LayerNorm(width, epsilon: configuration.epsilon)
        mlp = MLP(width, hidden: width * configuration.mlpRatio, key: key.child("mlp"))
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("norm1", norm1)
        registry.child("attn", attention)
        registry.child("norm2", norm2)
        // The published names count the GELU and the dropouts between them.
        registry.child("mlp.0", mlp.fc1)
        registry.child("mlp.3", mlp.fc2)
    }

    /// F for the attention half and for the MLP half.
    func branches(
        name: String, windows: WindowPartition, groups: RowGroups, index: [Int32],
        dropPathRate: Double
    ) -> [Branch] {
        [
            Branch(name: "\(name).attn", groups: groups, dropPathRate: dropPathRate) {
                [norm1, attention] x, range, context in
                let shape = x.shape
                let slots = range.map(windows.slots) ?? windows.slots(samples: shape[0])
                var y = norm1(x, context)
                y = y.reshaped(to: [-1, shape[shape.count - 1]])
                y = attention(
                    consume y, slots: slots, index: index, tokens: windows.capacity, context)
                return y.reshaped(to: shape)
            },
            Branch(name: "\(name).mlp", unit: .token, dropPathRate: dropPathRate) {
                [norm2, mlp] x, context in mlp(norm2(x, context), context)
            },
        ]
    }
}

extension WindowPartition {
    /// The windows as groups of a branch.
    var groups: RowGroups {
        let sizes = (0..<count).map { window in
            tokens[window * capacity..<(window + 1) * capacity].count { $0 >= 0 }
        }
        return RowGroups(tokens: tokens.filter { $0 >= 0 }, sizes: sizes, capacity: capacity)
    }
}
