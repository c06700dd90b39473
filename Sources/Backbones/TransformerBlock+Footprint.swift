// SPDX-License-Identifier: Apache-2.0
import Layers
import Reversible
import Tensors

/// The memory of a block's branches; C is the width, h the number of heads.
extension TransformerBlock {
    /// LN, queries, keys, values, attention and its projection.
    ///
    /// The tape keeps LN's output (C), queries, keys and values (3C), the result (C), the row sums
    /// (h) and LN's statistics (2). The peak is attention's own backward: those, F's output, the
    /// gradients by the result (C) and by queries, keys and values (3C).
    func attentionFootprint(tokens: Int) -> BranchFootprint {
        let c = width, h = heads, scaled = hasLayerScale ? c : 0
        let tile = max(1, min(tokens, max(16, (1 << 17) / max(1, tokens))))
        let part = Parallel.threadCount * tile
        return BranchFootprint(
            kept: 5 * c + h + 2 + scaled, forward: 5 * c + h,
            backward: 10 * c + h + 2,
            scratch: { _ in (0, part * (tokens + 1), part * (2 * tokens + 1)) },
            parameters: trainableCounts.attention, gradientsAtPeak: c * c)
    }
}

extension BranchFootprint {
    /// LN and MLP, whose GELU is worked out again in the backward.
    ///
    /// The tape keeps LN's output (C), its statistics (2) and what goes into the GELU (H, the
    /// hidden width). The peak holds H once more, and F's output.
    ///
    /// - Parameter parameters: Scalars that train.
    static func mlp(
        width c: Int, hidden: Int, parameters: Int, hasLayerScale: Bool = false
    ) -> BranchFootprint {
        let scaled = hasLayerScale ? c : 0
        return BranchFootprint(
            kept: c + 2 + hidden + scaled, forward: 2 * c + hidden,
            backward: 2 * c + 2 + 2 * hidden + scaled,
            parameters: parameters, gradientsAtPeak: c * hidden)
    }
}
