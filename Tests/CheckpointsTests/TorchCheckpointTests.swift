// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import FuzzSupport
import Tensors
import Testing

@Suite("TorchCheckpoint")
struct TorchCheckpointTests {
    @Test func readsEveryType() throws {
        expectMixed(try CheckpointFile.read(fixture("mixed.pth")))
    }

    @Test(arguments: ["views.pth", "deflated.pth"])
    func gathersViews(_ name: String) throws {
        let state = try CheckpointFile.read(fixture(name))
        let base = ramp(12)
        #expect(state["tied"]?.doubles == base)
        #expect(state["transposed"]?.shape == [4, 3])
        let transposed = (0..<12).map { base[$0 % 3 * 4 + $0 / 3] }
        #expect(state["transposed"]?.doubles == transposed)
        #expect(state["column"]?.doubles == [base[1], base[5], base[9]])
        #expect(state["row"]?.doubles == Array(base[4..<8]))
    }

    @Test func looksUnderModelAndSkipsTheRest() throws {
        let state = try CheckpointFile.read(fixture("nested.pth"))
        #expect(
            state.names == [
                "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                "1.num_batches_tracked",
            ])
        #expect(state["0.weight"]?.doubles == ramp(6))
        #expect(state["0.bias"]?.doubles == ramp(2))
        #expect(state.integers("1.num_batches_tracked") == IntegerArray([0], shape: []))
    }

    @Test(arguments: ["parameter.pth", "protocol4.pth"])
    func readsOtherForms(_ name: String) throws {
        #expect(try CheckpointFile.read(fixture(name))["weight"]?.doubles == ramp(6))
    }

    @Test func namesTheGlobalItRefuses() throws {
        expectRefused(try fixtureBytes("evil.pth"), "system, expected a state dict")
        expectRefused(
            try fixtureBytes("module.pth"),
            "torch.nn.modules.container.Sequential, expected a state dict of tensors; where the "
                + "file is a whole module, load it in PyTorch and save "
                + "torch.save(model.state_dict(), path)")
    }

    @Test func refusesWhatIsNoStateDict() throws {
        expectRefused(try fixtureBytes("tensor.pth"), "the file holds a tensor")
        expectRefused(try fixtureBytes("expanded.pth"), "repeats a storage of 1 numbers")
    }

    @Test(arguments: ["state_dict", "module", "ema"])
    func looksUnderEveryWrapper(_ wrapper: String) throws {
        let state = try CheckpointFile.read(fixture("under_\(wrapper).pth"))
        #expect(state.names == ["weight"])
        #expect(state["weight"]?.doubles == ramp(6))
    }

    /// Tensors that are no plain arrays: what they are and how to make them plain.
    @Test func namesTensorsOfOtherKinds() throws {
        for (name, advice) in [
            ("complex", "complex tensors"), ("sparse", ".to_dense()"), ("float8", ".float()"),
            ("quantised", ".dequantize()"),
        ] {
            expectRefused(try fixtureBytes("\(name).pth"), advice)
        }
    }

    @Test func refusesATruncatedFile() throws {
        let bytes = try fixtureBytes("views.pth")
        for count in 0..<bytes.count {
            #expect(throws: InputError.self, "\(count) bytes") {
                try CheckpointFile.read(bytes: Array(bytes.prefix(count)), name: "input")
            }
        }
    }

    /// A stored zip archive of `a/data.pkl` and one storage of four floats.
    private func archive(_ pickle: [UInt8]) -> [UInt8] {
        Zip.stored([
            ("a/data.pkl", pickle), ("a/data/0", [UInt8](repeating: 0, count: 16)),
        ])
    }

    /// A pickle of `{"w": tensor}` over a FloatStorage of `count` numbers.
    private func tensor(
        shape: [UInt8], strides: [UInt8], offset: UInt8 = 0, count: UInt8 = 4,
        storage: String = "torch\nFloatStorage"
    ) -> [UInt8] {
        func short(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
        func tuple(_ values: [UInt8]) -> [UInt8] {
            [0x28] + values.flatMap { [0x4B, $0] } + [0x74]
        }
        return [0x80, 2, 0x7D] + short("w") + Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
            + [0x28, 0x28] + short("storage") + Array("c\(storage)\n".utf8) + short("0")
            + short("cpu") + [0x4B, count, 0x74, 0x51] + [0x4B, offset]
            + tuple(shape) + tuple(strides) + [0x89, 0x4E, 0x74, 0x52, 0x73, 0x2E]
    }

    @Test func checksStridesAgainstTheStorage() throws {
        let good = try CheckpointFile.read(
            bytes: archive(tensor(shape: [2, 2], strides: [1, 2])), name: "input")
        #expect(good["w"]?.floats == [0, 0, 0, 0])
        expectRefused(archive(tensor(shape: [2, 2], strides: [2, 2])), "leaves its storage of 4")
        expectRefused(archive(tensor(shape: [2, 2], strides: [2, 1], offset: 1)), "leaves")
        expectRefused(archive(tensor(shape: [4], strides: [1], offset: 5)), "leaves")
        expectRefused(archive(tensor(shape: [2], strides: [1, 1])), "as PyTorch does it")
        expectRefused(archive(tensor(shape: [2, 4], strides: [0, 1])), "repeats")
        expectRefused(archive(tensor(shape: [4], strides: [1], count: 5)), "expected 5 of float32")
        expectRefused(
            archive(tensor(shape: [4], strides: [1], storage: "torch\nComplexFloatStorage")),
            "torch.ComplexFloatStorage")
    }

    @Test func refusesBadPickles() {
        expectRefused(archive([]), "its end")
        expectRefused(archive([0x80, 2, 0x2E]), "an empty stack")
        expectRefused(archive([0x58, 0xFF, 0xFF, 0xFF, 0xFF]), "a length of 4294967295")
        expectRefused(archive([0x8D] + [UInt8](repeating: 0xFF, count: 8)), "above 2^63")
        expectRefused(archive([0x68, 3]), "an unknown memo 3")
        expectRefused(archive([0x74]), "a missing mark")
        expectRefused(archive([0xFF]), "the opcode 255")
        expectRefused(archive([0x4E, 0x4E, 0x52]), "a call of None")
        expectRefused(archive([0x7D, 0x2E]), "no tensors")
        expectRefused(
            archive(Array("cos\nsystem\n".utf8) + [0x29, 0x52, 0x2E]),
            "the file holds an object os.system")
        expectRefused(archive([0x7D, 0x4B, 1, 0x4B, 2, 0x73, 0x2E]), "a key of the state dict")
    }

    /// Little bytes that would make much work: copies, long names, views of one storage.
    @Test(.timeLimit(.minutes(1))) func boundsTheWorkOfHostilePickles() {
        func long(_ count: Int, _ byte: UInt8) -> [UInt8] {
            [0x58] + UInt32(count).littleEndianBytes + [UInt8](repeating: byte, count: count)
        }
        // One instruction a byte, for ever.
        expectRefused(archive([UInt8](repeating: 0x4E, count: 5 << 20)), "instructions")
        expectRefused(archive([UInt8](repeating: 0x28, count: 5 << 20)), "instructions")
        expectRefused(
            archive([0x4E] + [UInt8](repeating: 0x94, count: 5 << 20)), "instructions")
        // A long list that a dictionary is made of again and again.
        let pairs =
            [0x5D, 0x28] + [UInt8](repeating: 0x29, count: 100_000) + [0x65, 0x85, 0x71, 0]
        let copies = (0..<100_000).flatMap { _ in [0x68, 1, 0x68, 0, 0x52, 0x30] as [UInt8] }
        expectRefused(
            archive(
                Array("ccollections\nOrderedDict\n".utf8) + [0x71, 1] + pairs + copies + [0x2E]),
            "instructions")
        // A shape of a hundred thousand axes, used again and again.
        let axes = [0x28] + [UInt8](repeating: 0x88, count: 100_000) + [0x74, 0x71, 0]
        expectRefused(
            archive(
                axes + Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
                    + [0x28, 0x4E, 0x4E, 0x68, 0, 0x68, 0, 0x74, 0x52]), "as PyTorch does it")
        // Names of a megabyte for globals and storages.
        expectRefused(
            archive(long(1 << 20, 0x61) + long(1 << 20, 0x62) + [0x93]), "without a proper name")
        expectRefused(
            archive(
                [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8)
                    + long(1 << 20, 0x61) + text("cpu") + [0x4B, 4, 0x74, 0x51]),
            "a storage that is not described")
        expectRefused(archive([0x7D] + long(5000, 0x61) + [0x4E, 0x73, 0x2E]), "5000 bytes")
    }

    private func text(_ text: String) -> [UInt8] {
        [0x8C, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    /// What training scripts store beside the weights does not stand in the way.
    @Test func skipsOptionsOfKnownKinds() throws {
        let option = Array("cyacs.config\nCfgNode\n".utf8) + [0x29, 0x81, 0x7D, 0x28]
        let config = text("config") + option + text("rate") + [0x4B, 1, 0x75, 0x62]
        let weights = tensor(shape: [2, 2], strides: [2, 1]).dropFirst(2).dropLast()
        let state = try CheckpointFile.read(
            bytes: archive(
                [0x80, 2, 0x7D, 0x28] + config + text("model") + weights + [0x75, 0x2E]),
            name: "input")
        #expect(state.names == ["w"] && state["w"]?.shape == [2, 2])
    }

    /// A dictionary that holds itself under a wrapper's name.
    @Test func endsOnRecursion() {
        expectRefused(
            archive([0x7D, 0x71, 0] + text("model") + [0x68, 0, 0x73, 0x2E]),
            "model is a dictionary, expected a tensor")
        expectRefused(archive([0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E]), "holds a list")
    }

    @Test func refusesOneKeyTwice() {
        let one = tensor(shape: [4], strides: [1])
        let second = Array(one.dropFirst(3).dropLast())
        expectRefused(archive(one.dropLast() + second + [0x2E]), "the key w twice")
    }

    /// Nested containers must not overflow the stack, when read nor when freed.
    @Test func survivesDeepNesting() {
        let depth = 200_000
        expectRefused(
            archive([0x29] + [UInt8](repeating: 0x85, count: depth) + [0x2E]), "holds a tuple")
        let dictionaries = [UInt8](repeating: 0x7D, count: depth)
        expectRefused(archive(dictionaries + [0x2E]), "no tensors")
    }
}
