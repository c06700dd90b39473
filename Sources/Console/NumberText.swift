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
}
