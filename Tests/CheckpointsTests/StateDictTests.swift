// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Tensors
import TestSupport
import Testing

@Suite("StateDict")
struct StateDictTests {
    private let one = Tensor([1, 2] as [Float], shape: [2])
    private let two = Tensor([3] as [Double], shape: [1])

    @Test func keepsTheOrder() {
        var state = StateDict([("z", one), ("a", two)], metadata: ["k": "v"])
        state["m"] = one
        state["z"] = two
        #expect(state.names == ["z", "a", "m"])
        #expect(state["z"]?.doubles == [3])
        state["z"] = nil
        #expect(state.names == ["a", "m"] && state.count == 2)
        #expect(state.tensors.map(\.name) == ["a", "m"])
        #expect(state.metadata == ["k": "v"])
        #expect(state["z"] == nil && state.integers("a") == nil)
    }

    @Test func renames() throws {
        let state = StateDict([("model.a", one), ("model.b", two), ("other", one)])
        let renamed = try state.renamed { $0.hasPrefix("model.") ? String($0.dropFirst(6)) : nil }
        #expect(renamed.names == ["a", "b"])
        expectFailure("two arrays would both be called x") { _ = try state.renamed { _ in "x" } }
    }

    @Test func keepsIntegersApart() {
        var state = StateDict()
        state.setValue(.integers(IntegerArray([4, 5], shape: [2])), for: "index")
        state.setValue(.bytes(ByteArray([6], shape: [1])), for: "bytes")
        #expect(state["index"] == nil)
        #expect(state.integers("index")?.values == [4, 5])
        #expect(state.integers("bytes")?.values == [6])
        #expect(state.value("index")?.tensor.floats == [4, 5])
        #expect(state.tensors.isEmpty)
    }
}
