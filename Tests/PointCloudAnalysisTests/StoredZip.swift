// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A zip archive of members that are stored, not compressed.
func storedZip(_ members: [(name: String, contents: String)]) -> Data {
    func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
    var archive = Data(), directory = Data()
    func short(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8 & 255)] }
    func long(_ value: Int) -> [UInt8] { short(value & 65535) + short(value >> 16) }
    for (name, contents) in members {
        let bytes = Array(contents.utf8), title = Array(name.utf8)
        // Version, flags, method, time and date; the checksum; both sizes; the name's length.
        let common =
            short(20) + short(0) + short(0) + short(0) + short(33) + long(Int(checksum(bytes)))
            + long(bytes.count) + long(bytes.count) + short(title.count) + short(0)
        directory += long(0x0201_4B50) + short(20) + common
        // No comment, the first disk, no attributes, the place of the local header.
        directory += short(0) + short(0) + short(0) + long(0) + long(archive.count) + title
        archive += long(0x0403_4B50) + common + title + bytes
    }
    let start = archive.count
    archive += directory
    archive += long(0x0605_4B50) + short(0) + short(0) + short(members.count)
    archive += short(members.count) + long(directory.count) + long(start) + short(0)
    return archive
}
