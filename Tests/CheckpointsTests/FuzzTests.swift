// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Testing

/// Damaged files of every format: reading must end in a value or in one line, never in a trap.
@Suite("Damaged files")
struct FuzzTests {
    @Test(arguments: [
        "mixed.safetensors", "fortran.npy", "stored.npz", "deflated.npz", "linear.onnx",
        "views.pth",
        "nested.pth", "protocol4.pth",
    ])
    func neverTrap(_ name: String) throws {
        let original = try fixtureBytes(name)
        var generator = SeededGenerator(seed: UInt64(name.utf8.count) &* 7919)
        var refused = 0
        let rounds = 2000
        for _ in 0..<rounds {
            let bytes = damaged(original, &generator)
            do {
                _ = try CheckpointFile.read(bytes: bytes, name: "input")
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > rounds / 10, "damage went unseen")
    }

    /// The pickle itself damaged, with a right checksum around it.
    @Test(arguments: ["views.pth", "nested.pth", "mixed.pth", "module.pth", "protocol4.pth"])
    func neverTrapInThePickle(_ name: String) throws {
        let bytes = try fixtureBytes(name)
        // data.pkl is the first member: its bytes lie between its padded header and the next one.
        let nameLength = Int(bytes[26]) | Int(bytes[27]) << 8
        let extraLength = Int(bytes[28]) | Int(bytes[29]) << 8
        let start = 30 + nameLength + extraLength
        let places = bytes.indices.filter {
            $0 > start
                && (bytes[$0...].starts(with: [0x50, 0x4B, 3, 4])
                    || bytes[$0...].starts(with: [0x50, 0x4B, 7, 8]))
        }
        let pickle = Array(bytes[start..<(places.first ?? bytes.count)])
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let members =
                [("a/data.pkl", damaged(pickle, &generator))]
                + (0..<12).map { ("a/data/\($0)", [UInt8](repeating: 0, count: 48)) }
            _ = try? CheckpointFile.read(bytes: Zip.stored(members), name: "input")
        }
    }

    private func damaged(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 2: bytes[place] = 0xFF
            case 3: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: place)
            case 4: bytes.remove(at: place)
            default:
                // Eight bytes of ones: lengths at their limits.
                for index in place..<min(place + 8, bytes.count) { bytes[index] = 0xFF }
            }
        }
        if Int.random(in: 0..<10, using: &generator) == 0 {
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
        }
        return bytes
    }
}
