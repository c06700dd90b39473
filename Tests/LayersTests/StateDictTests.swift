// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors
import TestSupport
import Testing

@Suite("State dict") struct StateDictTests {
    private func module() -> MLP { MLP(4, hidden: 6, key: RandomKey(seed: 1)) }

    @Test func namesAreTheCheckpoints() {
        #expect(
            module().stateDict.map(\.name) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
        let attention = MultiHeadAttention(4, heads: 2, biases: .none, key: RandomKey(seed: 1))
        #expect(attention.stateDict.map(\.name) == ["qkv.weight", "proj.weight", "proj.bias"])
        let patches = PatchEmbedding(4, patch: [2, 2], key: RandomKey(seed: 1))
        #expect(patches.stateDict.map(\.name) == ["proj.weight", "proj.bias"])
        #expect(LayerScale(3).stateDict.map(\.name) == ["gamma"])
    }
}
