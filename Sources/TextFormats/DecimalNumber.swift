// SPDX-License-Identifier: Apache-2.0

/// Numbers written as text.
package enum DecimalNumber {
    private static let powers: [Double] = (0...22).map { exponent in
        (0..<exponent).reduce(1.0) { power, _ in power * 10 }
    }

    /// The float64 nearest to mantissa · 10^exponent where one rounding gives it; nil elsewhere.
    ///
    /// A mantissa below 2^53 and a power of ten up to 22 are exact in float64, so that one
    /// multiplication or division rounds correctly (Clinger 1990).
    static func exact(_ mantissa: UInt64, exponent: Int) -> Double? {
        guard mantissa < 1 << 53, abs(exponent) <= 22 else { return nil }
        return exponent < 0
            ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
    }

    /// The nearest float64, or nil where the text is no number; `nan` and `inf` are numbers here.
    package static func double(_ text: ArraySlice<UInt8>) -> Double? {
        var index = text.startIndex
        let isNegative = text.first == 0x2D
        if isNegative || text.first == 0x2B { index += 1 }
        var mantissa: UInt64 = 0
        var digits = 0, exponent = 0
        var hasPoint = false
        while index < text.endIndex {
            let byte = text[index]
            if byte >= 0x30, byte <= 0x39 {
                guard digits < 18 else { return slowly(text) }
                mantissa = mantissa * 10 + UInt64(byte - 0x30)
                digits += 1
                if hasPoint { exponent -= 1 }
            } else if byte == 0x2E, !hasPoint {
                hasPoint = true
            } else {
                break
            }
            index += 1
        }
        guard digits > 0 else { return slowly(text) }
        if index < text.endIndex {
            guard text[index] | 0x20 == 0x65, let power = integer(text[(index + 1)...]),
                abs(power) < 1000
            else { return slowly(text) }
            exponent += power
        }
        guard let value = exact(mantissa, exponent: exponent) else { return slowly(text) }
        return isNegative ? -value : value
    }

    /// The integer, or nil where the text is none or does not fit.
    package static func integer(_ text: ArraySlice<UInt8>) -> Int? {
        var index = text.startIndex
        let isNegative = text.first == 0x2D
        if isNegative || text.first == 0x2B { index += 1 }
        guard index < text.endIndex, text.endIndex - index <= 18 else { return nil }
        var value = 0
        while index < text.endIndex {
            let byte = text[index]
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
            index += 1
        }
        return isNegative ? -value : value
    }

    private static func slowly(_ text: ArraySlice<UInt8>) -> Double? {
        guard text.count <= 400 else { return nil }
        return Double(String(decoding: text, as: UTF8.self))
    }
}
