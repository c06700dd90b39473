// SPDX-License-Identifier: Apache-2.0

/// Zip archives for tests.
package enum Zip {
    /// An archive of stored members.
    package static func stored(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var data: [UInt8] = []
        var directory: [UInt8] = []
        for (name, bytes) in members {
            let size = UInt32(bytes.count).littleEndianBytes
            let common =
                [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + checksum(bytes).littleEndianBytes + size + size
                + UInt16(name.utf8.count).littleEndianBytes + [0, 0]
            let place = UInt32(data.count).littleEndianBytes
            data += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + bytes
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common
            directory += [UInt8](repeating: 0, count: 10) + place + Array(name.utf8)
        }
        let count = UInt16(members.count).littleEndianBytes
        return data + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
            + UInt32(directory.count).littleEndianBytes + UInt32(data.count).littleEndianBytes
            + [0, 0]
    }

    /// The stored members of a sound archive without a comment.
    package static func members(of archive: [UInt8]) -> [(name: String, bytes: [UInt8])] {
        func number(_ place: Int, _ width: Int) -> Int {
            (0..<width).reduce(0) { $0 | Int(archive[place + $1]) << (8 * $1) }
        }
        var members: [(name: String, bytes: [UInt8])] = []
        var entry = number(archive.count - 6, 4)
        for _ in 0..<number(archive.count - 12, 2) {
            let header = number(entry + 42, 4)
            let start = header + 30 + number(header + 26, 2) + number(header + 28, 2)
            let name = archive[entry + 46..<entry + 46 + number(entry + 28, 2)]
            members.append(
                (
                    String(decoding: name, as: UTF8.self),
                    Array(archive[start..<start + number(entry + 20, 4)])
                ))
            entry += 46 + number(entry + 28, 2) + number(entry + 30, 2) + number(entry + 32, 2)
        }
        return members
    }

    /// CRC-32 as zip uses it, bit by bit.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~sum
    }
}

extension FixedWidthInteger {
    /// The bytes, lowest first.
    package var littleEndianBytes: [UInt8] {
        unsafe withUnsafeBytes(of: littleEndian) { unsafe Array($0) }
    }
}
