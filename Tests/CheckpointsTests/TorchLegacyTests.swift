// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import FuzzSupport
import Tensors
import Testing

@Suite("Torch's format before 1.6") struct TorchLegacyTests {
    @Test(arguments: ["legacy.pth", "legacy4.pth"])
    func readsStoragesViewsAndTypes(_ name: String) throws {
        let base = ramp(12)
        for state in [
            try CheckpointFile.read(fixture(name)), try TorchCheckpoint.read(fixture(name)),
        ] {
            #expect(
                state.names == ["weight", "transposed", "tied", "half", "index", "empty"])
            #expect(state["weight"]?.doubles == ramp(6))
            #expect(state["tied"]?.doubles == base)
            #expect(state["transposed"]?.shape == [4, 3])
            let transposed = (0..<12).map { base[$0 % 3 * 4 + $0 / 3] }
            #expect(state["transposed"]?.doubles == transposed)
            #expect(state["half"]?.doubles == ramp(4))
            #expect(state.integers("index") == IntegerArray([1, -2], shape: [1, 2]))
            #expect(state["empty"]?.shape == [0, 3])
        }
    }

    @Test func refusesATruncatedOrLongerFile() throws {
        let bytes = try fixtureBytes("legacy.pth")
        for count in 0..<bytes.count {
            #expect(throws: InputError.self, "\(count) bytes") {
                try CheckpointFile.read(bytes: Array(bytes.prefix(count)), name: "input")
            }
        }
        expectRefused(bytes + [0], "1 bytes after the last storage")
    }

    @Test func namesABarePickle() throws {
        expectRefused(try fixtureBytes("bare.pkl"), "a bare pickle")
    }

    /// Text, short integers, tuples and so on as pickle writes them.
    private func text(_ text: String) -> [UInt8] {
        [0x8C, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    /// A file with one tensor `w` of four floats and the given last parts.
    private func file(
        version: [UInt8] = [0x4D, 0xE9, 3], system: [UInt8]? = nil, view: [UInt8] = [0x4E],
        keys: [String] = ["k"], counts: [Int] = [4]
    ) -> [UInt8] {
        let magic: [UInt8] = [
            0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
        ]
        let known = [0x7D] + text("little_endian") + [0x88, 0x73]
        let storage =
            [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("k")
            + text("cpu") + [0x4B, 4] + view + [0x74, 0x51]
        let tensor =
            Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8) + [0x28] + storage
            + [0x4B, 0, 0x4B, 4, 0x85, 0x4B, 1, 0x85, 0x89, 0x4E, 0x74, 0x52]
        let list = [0x5D, 0x28] + keys.flatMap(text) + [0x65]
        var result = magic + [0x80, 2] + version + [0x2E, 0x80, 2] + (system ?? known) + [0x2E]
        result += [0x80, 2, 0x7D] + text("w") + tensor + [0x73, 0x2E, 0x80, 2] + list + [0x2E]
        for count in counts {
            result += UInt64(bitPattern: Int64(count)).littleEndianBytes
            result += [UInt8](repeating: 0, count: 16)
        }
        return result
    }

    @Test func checksEveryPart() throws {
        #expect(try CheckpointFile.read(bytes: file(), name: "input")["w"]?.shape == [4])
        expectRefused(file(version: [0x4D, 0xEA, 3]), "version is not 1001")
        expectRefused(file(system: [0x7D]), "not little endian")
        expectRefused(file(system: [0x7D] + text("little_endian") + [0x89, 0x73]), "not little")
        expectRefused(file(view: [0x4B, 1]), "a view of a storage")
        expectRefused(file(keys: ["other"]), "do not agree with the tensors")
        expectRefused(file(keys: ["k", "k"], counts: [4, 4]), "do not agree with the tensors")
        expectRefused(file(keys: [], counts: []), "has no storage k")
        expectRefused(file(counts: [3]), "4 bytes after the last storage")
        for count in [5, 1 << 40, Int.max / 4, Int.max, -1, Int.min] {
            expectRefused(file(counts: [count]), "the storage k")
        }
    }
}
