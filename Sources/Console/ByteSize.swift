// SPDX-License-Identifier: Apache-2.0

/// Numbers of bytes as people write them: `2GiB`, `1.5 GiB`, `800MB`, `4096`.
package enum ByteSize {
    /// What an error message says was expected.
    package static let expected = "a number of bytes above 0 such as 2GiB, 512MiB or 800MB"

    private static let units: [(name: String, size: Double)] = [
        ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("tib", 0x1p40),
        ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12), ("b", 1),
    ]

    /// The bytes that a text means, at least 1; nil where it isn't a number of bytes.
    package static func parse(_ text: String) -> Int? {
        var digits = text.lowercased().filter { $0 != " " }
        var size = 1.0
        if let unit = units.first(where: { digits.hasSuffix($0.name) }) {
            digits.removeLast(unit.name.count)
            size = unit.size
        }
        guard !digits.isEmpty, digits.allSatisfy({ "0123456789.".contains($0) }),
            let number = Double(digits), number * size >= 1, number * size < 0x1p62
        else { return nil }
        return Int(number * size)
    }

    /// The bytes with a binary unit and three or four digits.
    ///
    /// - Parameter rule: `.up` for a bound that must hold when it is typed in.
    package static func text(
        _ bytes: Int, rounded rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero
    ) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if abs(value) < 1024 {
                let tenths = (value * 10).rounded(rule) / 10
                return unit == "B" || abs(value) >= 100
                    ? "\(Int(value.rounded(rule))) \(unit)" : "\(tenths) \(unit)"
            }
            value /= 1024
        }
        return "\((value * 10).rounded(rule) / 10) TiB"
    }
}
