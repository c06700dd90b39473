// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Numbers for people.
package enum NumberText {
    /// Four significant digits.
    package static func short(_ value: Double) -> String { String(format: "%.4g", value) }

    /// So many decimals.
    package static func decimals(_ value: Double, _ count: Int) -> String {
        String(format: "%.\(count)f", value)
    }

    /// Bytes in binary units: `1.50 GiB`.
    package static func bytes(_ count: Int) -> String {
        var value = Double(count)
        if abs(value) < 1024 { return "\(count) B" }
        for unit in ["KiB", "MiB", "GiB"] {
            value /= 1024
            if abs(value) < 1024 { return "\(String(format: "%.2f", value)) \(unit)" }
        }
        return "\(String(format: "%.2f", value / 1024)) TiB"
    }
}
