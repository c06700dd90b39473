// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
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

    /// What is declared beside a stream is not allocated before the stream has it.
    @Test func aDeclaredSizeIsNotAllocated() {
        // A deflate stream of one empty stored block, then as many zeros as a large file has.
        let stream = [1, 0, 0, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 4 << 20)
        var archive = Zip.stored([("a.npy", stream)])
        let entry = archive.count - 22 - 46 - 5
        let size = UInt32(stream.count * 1000).littleEndianBytes
        archive.replaceSubrange(entry + 10..<entry + 12, with: [8, 0])
        archive.replaceSubrange(entry + 24..<entry + 28, with: size)
        expectRefused(archive, "unfolds to 0 bytes, expected")
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

    /// The archive with the first member's sizes in a zip64 field of the directory.
    private func wide(size: UInt64, compressed: UInt64, fieldLength: Int = 16) throws -> [UInt8] {
        var bytes = try fixtureBytes("stored.npz")
        let place = entry(bytes, 0)
        for offset in 20..<28 { bytes[place + offset] = 0xFF }
        let extra =
            [1, 0] + UInt16(fieldLength).littleEndianBytes + size.littleEndianBytes
            + compressed.littleEndianBytes
        let nameEnd = place + 46 + Int(bytes[place + 28])
        #expect(bytes[place + 30] == 0 && bytes[place + 31] == 0)
        bytes[place + 30] = UInt8(extra.count)
        bytes.insert(contentsOf: extra, at: nameEnd)
        let end = bytes.count - 22 + 12
        let length = Int(bytes[end]) | Int(bytes[end + 1]) << 8
        bytes.replaceSubrange(
            end..<end + 2, with: UInt16(length + extra.count).littleEndianBytes)
        return bytes
    }

    @Test func checksWideSizes() throws {
        let bytes = try fixtureBytes("stored.npz")
        let place = entry(bytes, 0) + 24
        let size = UInt64(bytes[place]) | UInt64(bytes[place + 1]) << 8
        let good = try CheckpointFile.read(
            bytes: wide(size: size, compressed: size), name: "input")
        #expect(good["a"]?.doubles == ramp(6))
        expectRefused(try wide(size: size, compressed: size + 1), "impossible")
        for lie in [size + 1, 1 << 32, 1 << 40, UInt64(Int.max)] {
            expectRefused(try wide(size: lie, compressed: lie), " ")
        }
        expectRefused(try wide(size: .max, compressed: size), "directory is damaged")
        expectRefused(try wide(size: size, compressed: 1 << 63), "directory is damaged")
        expectRefused(try wide(size: size, compressed: size, fieldLength: 8), "damaged")
        expectRefused(try wide(size: size, compressed: size, fieldLength: 400), "damaged")
        // Sizes of 2^32 - 1 without the field.
        let full = [UInt8](repeating: 0xFF, count: 8)
        expectRefused(try patched("stored.npz", 20, full), "outside the archive")
    }

    /// A zip64 end of the directory in the right place, with wrong numbers in it.
    @Test func checksAWideDirectory() throws {
        let bytes = try fixtureBytes("stored.npz")
        let end = bytes.count - 22
        func number(_ offset: Int) -> UInt64 {
            (0..<4).reduce(0) { $0 | UInt64(bytes[end + offset + $1]) << (8 * UInt64($1)) }
        }
        func archive(
            count: UInt64 = 2, size: UInt64? = nil, offset: UInt64? = nil, record: UInt64? = nil
        ) -> [UInt8] {
            var result = Array(bytes[..<end])
            result += [0x50, 0x4B, 6, 6] + UInt64(44).littleEndianBytes + [45, 0, 45, 0]
            result += [UInt8](repeating: 0, count: 8) + count.littleEndianBytes
            result += count.littleEndianBytes + (size ?? number(12)).littleEndianBytes
            result += (offset ?? number(16)).littleEndianBytes
            result += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + (record ?? UInt64(end)).littleEndianBytes
            return result + [1, 0, 0, 0, 0x50, 0x4B, 5, 6, 0, 0, 0, 0]
                + [UInt8](repeating: 0xFF, count: 12) + [0, 0]
        }
        #expect(try CheckpointFile.read(bytes: archive(), name: "input")["a"]?.shape == [2, 3])
        for lie in [3, 60_000, 1 << 40, UInt64(Int.max)] {
            expectRefused(archive(count: lie), " ")
            expectRefused(archive(size: lie), " ")
            expectRefused(archive(offset: lie), " ")
            expectRefused(archive(record: lie), " ")
        }
        for lie in [UInt64.max, 1 << 63] {
            expectRefused(archive(count: lie), "zip64 directory's end is damaged")
            expectRefused(archive(size: lie), "zip64 directory's end is damaged")
            expectRefused(archive(offset: lie), "zip64 directory's end is damaged")
            expectRefused(archive(record: lie), "impossible place")
        }
        // Fewer members than there are would hide one.
        expectRefused(archive(count: 1), "longer than its 1 members")
    }

    @Test(arguments: ["stored.npz", "deflated.npz"])
    func refusesATruncatedFile(_ name: String) throws {
        let bytes = try fixtureBytes(name)
        for count in 0..<bytes.count {
            #expect(throws: InputError.self, "\(count) bytes") {
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
