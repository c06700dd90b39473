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

    @Test func loadsInAnyOrderAndRounds() throws {
        let source = MLP(4, hidden: 6, key: RandomKey(seed: 2)), target = module()
        source.convert(to: .float64)
        try target.load(source.stateDict.reversed())
        for (a, b) in zip(target.stateDict, source.stateDict) {
            #expect(a.tensor.isIdentical(to: b.tensor.converted(to: .float32)))
        }
    }

    @Test func listsEveryFaultAndAssignsNothing() {
        let target = module()
        let before = target.stateDict
        let file: [(name: String, tensor: Tensor)] = [
            ("fc1.weight", Tensor(zeros: [6, 5])), ("fc1.bias", Tensor(zeros: [6])),
            ("fc1.bias", Tensor(zeros: [6])), ("fc2.weight", Tensor(zeros: [6, 4])),
            ("head.bias", Tensor(zeros: [2])),
        ]
        let error = #expect(throws: LoadError.self) { try target.load(file) }
        #expect(error?.missing == ["fc2.bias"])
        #expect(error?.unexpected == ["head.bias"])
        #expect(error?.repeated == ["fc1.bias"])
        #expect(
            error?.description
                == "the weights don't fit the model: 1 missing in the file: fc2.bias;"
                + " 1 not in the model: head.bias; 1 repeated in the file: fc1.bias;"
                + " 2 of another shape: fc1.weight: file [6, 5], model [6, 4],"
                + " fc2.weight: file [6, 4], model [4, 6];"
                + " choose the model that these weights belong to")
        for (a, b) in zip(before, target.stateDict) { #expect(a.tensor.isIdentical(to: b.tensor)) }
    }

    @Test func passesOverWhatTheCallerNames() throws {
        let target = module()
        let kept = target.fc2.bias?.tensor
        var file = MLP(4, hidden: 6, key: RandomKey(seed: 2)).stateDict
        file.removeLast()
        file.append(("head.bias", Tensor(zeros: [2])))
        try target.load(
            file, ignoring: { $0.hasPrefix("head.") }, keeping: { $0 == "fc2.bias" })
        #expect(target.fc1.weight.tensor.isIdentical(to: file[0].tensor))
        #expect(target.fc2.bias?.tensor.floats == kept?.floats)
    }
}
