// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Words on pictures, in letters of 5 x 7 dots.
extension PNGImage {
    /// Dots of a letter with the gap behind it.
    private static let advance = 6
    /// Dots of a line of text.
    private static let lineHeight = 7

    /// The letters from blank to tilde: seven rows of five dots, the upper left one in the highest of
    /// 35 bits.
    private static let letters: [UInt64] = [
        0x000000000, 0x108421004, 0x294A00000, 0x295F57D4A, 0x11F4717C4, 0x672222273, 0x32544564D,
        0x108400000, 0x088842082, 0x208210888, 0x02AEFBAA0, 0x0084F9080, 0x000001088, 0x0000F8000,
        0x00000018C, 0x044222110, 0x3A33AE62E, 0x11842108E, 0x3A211111F, 0x7C223062E, 0x08CA97C42,
        0x7E1E0862E, 0x1910F462E, 0x7C2221108, 0x3A317462E, 0x3A317844C, 0x008401080, 0x008401088,
        0x088882082, 0x001F07C00, 0x208208888, 0x3A2111004, 0x3A37ADE0E, 0x3A31FC631, 0x7A31F463E,
        0x3A308422E, 0x7A318C63E, 0x7E10F421F, 0x7E10F4210, 0x3A30BC62E, 0x4631FC631, 0x38842108E,
        0x1C4210A4C, 0x4654C5251, 0x42108421F, 0x4775AC631, 0x47359C631, 0x3A318C62E, 0x7A31F4210,
        0x3A318D64D, 0x7A31F5251, 0x3E107043E, 0x7C8421084, 0x46318C62E, 0x46318C544, 0x4631AD771,
        0x462A22A31, 0x462A21084, 0x7C222221F, 0x39084210E, 0x410820841, 0x38421084E, 0x115100000,
        0x00000001F, 0x208000000, 0x000E0BE2F, 0x421E8C63E, 0x000E8420E, 0x042F8C62F, 0x000E8FE0E,
        0x1908E2108, 0x01F18BC2E, 0x421E8C631, 0x100C2108E, 0x080610A4C, 0x4212A6292, 0x30842108E,
        0x001AAD6B5, 0x001E8C631, 0x000E8C62E, 0x001E8FA10, 0x000F8BC21, 0x0016C4210, 0x000F8383E,
        0x211C42106, 0x00118C66D, 0x00118C544, 0x0011AD6AA, 0x001151151, 0x00118BC2E, 0x001F1111F,
        0x188441086, 0x108421084, 0x30841108C, 0x0008A8800,
    ]

    /// Pixels that a text takes, a dot being `scale` pixels.
    package static func textSize(_ text: String, scale: Int = 1) -> (width: Int, height: Int) {
        (max(0, advance * shown(text).count - 1) * scale, lineHeight * scale)
    }

    /// Writes a text with its upper left corner at a place; what lies outside is cut off.
    ///
    /// Accents are left out, and letters beyond ASCII are question marks.
    package mutating func write(
        _ text: String, x: Int, y: Int, color: SIMD3<UInt8>, scale: Int = 1
    ) {
        for (place, letter) in Self.shown(text).enumerated() {
            let bits = Self.letters[Int(letter) - 0x20]
            for dot in 0..<35 where bits >> UInt64(34 - dot) & 1 == 1 {
                let left = x + (place * Self.advance + dot % 5) * scale
                let top = y + dot / 5 * scale
                fill(left..<left + scale, top..<top + scale, color)
            }
        }
    }

    /// Fills a rectangle; what lies outside is cut off.
    package mutating func fill(
        _ columns: Range<Int>, _ rows: Range<Int>, _ color: SIMD3<UInt8>
    ) {
        for row in rows.clamped(to: 0..<height) {
            for column in columns.clamped(to: 0..<width) { self[row * width + column] = color }
        }
    }

    /// The letters of a text that can be drawn.
    private static func shown(_ text: String) -> [UInt8] {
        text.folding(options: .diacriticInsensitive, locale: nil).prefix(200).map { letter in
            letter.asciiValue.flatMap { (0x20..<0x7F).contains($0) ? $0 : nil }
                ?? UInt8(ascii: "?")
        }
    }
}
