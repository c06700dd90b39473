// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import FuzzSupport
import Tensors
import Testing

@Suite("Npz and zip")
struct NpzTests {
    @Test(arguments: ["stored.npz", "deflated.npz"])
    func readsBothMethods(_ name: String) throws {
        let state = try CheckpointFile.read(fixture(name))
        #expect(state["a"]?.shape == [2, 3])
        #expect(state["a"]?.doubles == ramp(6))
        #expect(state.integers("b")?.values == [0, 1, 2, 3])
        if name == "deflated.npz" {
            #expect(state["zeros"]?.floats == [Float](repeating: 0, count: 4096))
        }
    }

    /// The place of a directory entry's field: the entry of the n-th member.
    private func entry(_ bytes: [UInt8], _ index: Int) -> Int {
        let places = bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
        return places[index]
    }

    private func patched(_ name: String, _ offset: Int, _ value: [UInt8]) throws -> [UInt8] {
        var bytes = try fixtureBytes(name)
        let place = entry(bytes, 0) + offset
        bytes.replaceSubrange(place..<place + value.count, with: value)
        return bytes
    }

    @Test func refusesABomb() throws {
        let huge = UInt32(0xFFFF_FFF0).littleEndianBytes
        expectRefused(try patched("deflated.npz", 24, huge), "impossible")
        expectRefused(try patched("stored.npz", 24, huge), "impossible")
        // Possible by the ratio, but not what the stream holds.
        let more = UInt32(5000).littleEndianBytes
        expectRefused(try patched("deflated.npz", 24, more), "expected 5000")
        let less = UInt32(10).littleEndianBytes
        expectRefused(try patched("deflated.npz", 24, less), "more than its 10 bytes")
    }

    @Test func refusesAWrongChecksum() throws {
        expectRefused(try patched("deflated.npz", 16, [1, 2, 3, 4]), "wrong checksum")
        expectRefused(try patched("stored.npz", 16, [1, 2, 3, 4]), "wrong checksum")
    }

    @Test func refusesEncryptionAndOtherMethods() throws {
        expectRefused(try patched("stored.npz", 8, [1, 0]), "encrypted")
        expectRefused(try patched("stored.npz", 10, [12, 0]), "method 12")
    }

    @Test func refusesMembersInsideEachOther() throws {
        var bytes = try fixtureBytes("stored.npz")
        let second = entry(bytes, 1) + 42
        bytes.replaceSubrange(second..<second + 4, with: [0, 0, 0, 0])
        expectRefused(bytes, "overlaps")
    }

    @Test func refusesTwoMembersOfOneName() throws {
        var bytes = try fixtureBytes("stored.npz")
        bytes[entry(bytes, 1) + 46] = UInt8(ascii: "a")
        expectRefused(bytes, "a.npy twice")
    }

    @Test func refusesADirectoryOutsideTheFile() throws {
        var bytes = try fixtureBytes("stored.npz")
        let end = bytes.count - 22
        bytes.replaceSubrange(end + 16..<end + 20, with: UInt32(1 << 30).littleEndianBytes)
        expectRefused(bytes, "does not fit the file")
        bytes = try fixtureBytes("stored.npz")
        bytes.replaceSubrange(end + 10..<end + 12, with: UInt16(60_000).littleEndianBytes)
        expectRefused(bytes, "60000 members")
    }

    @Test(arguments: ["stored.npz", "deflated.npz"])
    func refusesATruncatedFile(_ name: String) throws {
        let bytes = try fixtureBytes(name)
        for count in 0..<bytes.count {
            #expect(throws: CheckpointError.self, "\(count) bytes") {
                try CheckpointFile.read(bytes: Array(bytes.prefix(count)), name: "input")
            }
        }
    }

    @Test func refusesOtherMembers() throws {
        var bytes = try fixtureBytes("stored.npz")
        bytes[entry(bytes, 0) + 46 + 4] = UInt8(ascii: "x")
        expectRefused(bytes, "expected .npy arrays only")
    }
}
