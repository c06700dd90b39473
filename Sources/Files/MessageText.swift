// SPDX-License-Identifier: Apache-2.0

/// Values from files as messages show them.
package enum MessageText {
    /// `text` in quotes, cut to 60 characters, without control characters.
    package static func quoted(_ text: String) -> String {
        let clean = String(
            text.unicodeScalars.prefix(60).map {
                $0.properties.generalCategory == .control ? "?" : Character($0)
            })
        return "\"\(clean)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// `value` in the fewest digits that give it back, without a trailing ".0"; JSON too where it
    /// is finite.
    package static func number(_ value: Double) -> String {
        let plain = "\(value)"
        return plain.hasSuffix(".0") ? String(plain.dropLast(2)) : plain
    }
}
