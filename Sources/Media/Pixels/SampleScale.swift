// SPDX-License-Identifier: Apache-2.0
import CPixels

/// Turns samples of any type into bytes, and knows what it has seen of them.
struct SampleScale {
    /// What the samples are.
    enum Kind: Hashable {
        case unsigned, signed, float

        /// The type's lowest and highest value of `bits`; nil for floating point.
        func extent(bits: Int) -> (low: Double, high: Double)? {
            func power(_ exponent: Int) -> Double {
                Double(sign: .plus, exponent: exponent, significand: 1)
            }
            return switch self {
            case .unsigned: (0, power(bits) - 1)
            case .signed: (-power(bits - 1), power(bits - 1) - 1)
            case .float: nil
            }
        }
    }

    private var samples: cpix_samples
    private let isGiven: Bool
    /// The type's own range; nil for floating point.
    private let whole: (low: Double, high: Double)?

    /// - Parameters:
    ///   - range: The samples that are black and white, where these have more than 8 bits.
    ///   - missing: The sample that stands for no value.
    init(
        _ kind: Kind, bits: Int, isBigEndian: Bool, isInverted: Bool = false,
        missing: Double? = nil,
        range: PixelReading.Range?
    ) {
        samples = cpix_samples()
        samples.bits = Int32(clamping: bits)
        samples.kind = Int32(
            [Kind.unsigned: CPIX_UNSIGNED, .signed: CPIX_SIGNED, .float: CPIX_FLOAT][kind] ?? 0)
        samples.is_big_endian = isBigEndian ? 1 : 0
        samples.is_inverted = isInverted ? 1 : 0
        samples.has_missing = missing == nil ? 0 : 1
        samples.missing = missing ?? 0
        (samples.least, samples.greatest) = (.infinity, -.infinity)
        let isDeep = bits > 8
        whole = kind.extent(bits: bits)
        isGiven = isDeep && range != nil
        if isDeep, let range {
            (samples.low, samples.high) = (range.low, range.high)
        } else if let whole {
            (samples.low, samples.high) = whole
        }
    }

    /// Whether the file's own extent has to be known before the first row.
    var needsExtent: Bool { whole == nil && !isGiven }

    /// Takes the extent of what was seen as the range, where nothing else says what it is.
    mutating func takeExtent() {
        let isEmpty = samples.least > samples.greatest
        (samples.low, samples.high) = isEmpty ? (0, 0) : (samples.least, samples.greatest)
    }

    /// Writes the levels of `width` samples into every third byte of `pixels` from `offset`.
    mutating func convert(
        _ row: [UInt8], firstBit: Int, strideBits: Int, width: Int, into pixels: inout [UInt8],
        at offset: Int
    ) {
        check(row, firstBit, strideBits, width)
        precondition(
            offset >= 0 && offset + 3 * (width - 1) < pixels.count, "levels from \(offset)")
        unsafe pixels.withUnsafeMutableBufferPointer { pixels in
            unsafe cpix_levels(
                row, Int64(firstBit), Int64(strideBits), &samples,
                pixels.baseAddress.map { unsafe $0 + offset }, Int64(width))
        }
    }

    /// Sees samples without turning them into levels.
    mutating func measure(_ row: [UInt8], firstBit: Int, strideBits: Int, width: Int) {
        check(row, firstBit, strideBits, width)
        unsafe cpix_levels(row, Int64(firstBit), Int64(strideBits), &samples, nil, Int64(width))
    }

    private func check(_ row: [UInt8], _ firstBit: Int, _ strideBits: Int, _ width: Int) {
        precondition(
            firstBit >= 0 && strideBits > 0 && width > 0
                && firstBit + (width - 1) * strideBits + Int(samples.bits) <= 8 * row.count,
            "\(width) samples of \(samples.bits) bits, \(strideBits) apart, in \(row.count) bytes")
    }

    /// What people should know of the samples seen so far; nil where it is nothing.
    func notice(path: String) -> String? {
        guard !isGiven, samples.bits > 8 else { return nil }
        let name = path.replacing("\n", with: "\\n")
        func text(_ value: Double) -> String {
            value == value.rounded() && abs(value) < 1e15
                ? String(Int(value)) : String(Float(value))
        }
        guard let whole else {
            let ends =
                samples.low < samples.high
                ? "black and white are its least and greatest, \(text(samples.low)) and "
                    + text(samples.high) : "all are equal and become black"
            return "\(name): has samples of floating point; \(ends); give --range low,high "
                + "(recipe: data.range) for the same in every picture"
        }
        guard samples.least <= samples.greatest,
            (samples.greatest - samples.least) * 16 < whole.high - whole.low
        else { return nil }
        let (least, greatest) = (text(samples.least), text(samples.greatest))
        let advice = "\(text(min(0, samples.least))),\(greatest)"
        return "\(name): uses \(least) to \(greatest) of the range \(text(whole.low)) to "
            + "\(text(whole.high)) and is nearly one shade; give --range low,high (recipe: "
            + "data.range), such as \(advice)"
    }
}
