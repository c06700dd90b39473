// SPDX-License-Identifier: Apache-2.0

/// A digest of 64 bits that tells texts and files apart which differ by accident.
///
/// FNV-1a with 64 bits; a checksum, not a signature: whoever wants two inputs of one digest can
/// make them.
package struct ContentDigest: Sendable, Equatable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The digest of nothing.
    package init() {}

    /// Adds bytes.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            state ^= UInt64(byte)
            state = state &* 0x0000_0100_0000_01b3
        }
    }

    /// Adds a text and its length, so that ("ab", "c") is not ("a", "bc").
    package mutating func add(_ text: String) {
        add(text.utf8)
        var count = UInt64(text.utf8.count)
        for _ in 0..<8 {
            add(CollectionOfOne(UInt8(truncatingIfNeeded: count)))
            count >>= 8
        }
    }

    /// 16 hexadecimal digits.
    package var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The digest of texts in their order.
    package static func of(_ texts: some Sequence<String>) -> String {
        var digest = ContentDigest()
        for text in texts { digest.add(text) }
        return digest.text
    }
}
