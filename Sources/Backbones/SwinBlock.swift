// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// One pre-norm block of attention inside windows, as two branches.
final class SwinBlock: Module {
    let width: Int
    let hidden: Int
    private let heads: Int
    private let norm1: LayerNorm
    private let attention: WindowAttention
    private let norm2: LayerNorm
    private let mlp: MLP

    init(_ configuration: SwinConfiguration, stage: Int, key: RandomKey) {
        width = configuration.width(stage: stage)
        hidden = width * configuration.mlpRatio
        heads = configuration.heads[stage]
        norm1 = LayerNorm(width, epsilon: configuration.epsilon)
        attention = WindowAttention(
            width, heads: heads, window: configuration.window, key: key.child("attn"))
        norm2 = LayerNorm(width, epsilon: configuration.epsilon)
        mlp = MLP(width, hidden: hidden, key: key.child("mlp"))
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
            Branch(
                name: "\(name).attn", groups: groups, dropPathRate: dropPathRate,
                footprint: { [self] _ in attentionFootprint(windows) }
            ) { [norm1, attention] x, range, context in
                let shape = x.shape
                let slots = range.map(windows.slots) ?? windows.slots(samples: shape[0])
                var y = norm1(x, context)
                y = y.reshaped(to: [-1, shape[shape.count - 1]])
                y = attention(
                    consume y, slots: slots, index: index, tokens: windows.capacity, context)
                return y.reshaped(to: shape)
            },
            Branch(
                name: "\(name).mlp", unit: .token, dropPathRate: dropPathRate,
                footprint: { [self] _ in
                    .mlp(
                        width: width, hidden: hidden,
                        parameters: norm2.trainableCount + mlp.trainableCount)
                }
            ) { [norm2, mlp] x, context in mlp(norm2(x, context), context) },
        ]
    }

    /// LN, the windows' padding, queries, keys, values, attention and its projection.
    ///
    /// For each place of a window the tape keeps LN's output (C), queries, keys and values (3C)
    /// and the row sums (h); for each token the result (C) and LN's statistics (2); and once the
    /// bias. The peak is attention's own backward: F's output (C a token), the gradients by the
    /// result (C) and by queries, keys and values (3C).
    private func attentionFootprint(_ windows: WindowPartition) -> BranchFootprint {
        let c = width, h = heads, places = windows.capacity, bias = h * places * places
        return BranchFootprint(
            kept: c + 2, forward: 0, backward: c + 2,
            padded: (4 * c + h, 4 * c + h, 8 * c + h),
            scratch: { groups in
                let work = Tensor.windowAttentionScratch(
                    windows: groups, tokens: places, width: c, heads: h)
                return (bias, bias + work.forward, 2 * bias + work.backward)
            },
            parameters: norm1.trainableCount + attention.trainableCount,
            gradientsAtPeak: c * c + c)
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
