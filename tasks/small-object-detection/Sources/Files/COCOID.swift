// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// What names an image or an annotation in a COCO file: mostly a number, in some sets a text.
enum COCOID: Hashable, CustomStringConvertible {
    /// A whole number below ``limit``.
    case number(Int)
    /// Any other as it stands in JSON: a text in quotes, or the digits of a larger number.
    case json(String)

    /// Numbers from here on are kept as digits, so that counting on from an id can't overflow.
    static let limit: UInt = 1 << 62

    /// The id `text`.
    static func text(_ text: String) -> COCOID { .json(JSONText.string(text)) }

    /// As it stands in JSON.
    var description: String {
        switch self {
        case .number(let value): "\(value)"
        case .json(let text): text
        }
    }
}
