// SPDX-License-Identifier: Apache-2.0

/// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4).
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
        }
    }

    /// The check of some bytes.
    static func of(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        return ~crc
    }

    /// The check as TFRecord files hold it: rotated right by 15 bits and shifted by a constant, so
    /// that a check over data which hold checks stays a good one.
    static func masked(_ bytes: [UInt8]) -> UInt32 {
        let crc = of(bytes)
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }
}
