// SPDX-License-Identifier: Apache-2.0

/// Writing JSON piece by piece.
package enum JSONText {
    /// `text` as a JSON string, and a YAML one; control characters are escaped.
    package static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\0"..<" ", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// A coding key made at run time, such as the name of a class or of a score.
package struct NamedKey: CodingKey {
    /// The key's text.
    package let stringValue: String
    /// No key is a number.
    package var intValue: Int? { nil }

    /// The key of a text.
    package init(stringValue: String) { self.stringValue = stringValue }
    /// No key is a number.
    package init?(intValue: Int) { nil }

    /// The key `name`.
    package init(_ name: String) { stringValue = name }
}
