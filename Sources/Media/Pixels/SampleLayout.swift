// SPDX-License-Identifier: Apache-2.0
import CPixels

/// How the samples of a row lie in its bytes, and how they become red, green and blue.
enum SampleLayout: Sendable, Hashable {
    /// Pixels of `stride` bytes with red, green and blue at these offsets: of 16 bits the upper 8.
    case direct(stride: Int, red: Int, green: Int, blue: Int)
    /// Indices of 1, 2, 4 or 8 bits into 256 colours of three bytes.
    case indexed(bits: Int, palette: [UInt8])

    /// Samples of 8 or 16 bits, the first one or three of `samples` used.
    static func samples(_ samples: Int, bytes: Int, isBigEndian: Bool) -> SampleLayout {
        let high = bytes == 1 || isBigEndian ? 0 : 1
        let isColour = samples >= 3
        return .direct(
            stride: samples * bytes, red: high, green: high + (isColour ? bytes : 0),
            blue: high + (isColour ? 2 * bytes : 0))
    }

    /// Grey of 1, 2, 4 or 8 bits, from black to white or the other way round.
    static func grey(bits: Int, isWhiteZero: Bool = false) -> SampleLayout {
        let last = (1 << bits) - 1
        return .indexed(
            bits: bits,
            palette: (0..<256).flatMap { index -> [UInt8] in
                let value = min(index, last) * 255 / last
                return [UInt8](repeating: UInt8(isWhiteZero ? 255 - value : value), count: 3)
            })
    }

    /// Bits of one pixel.
    var pixelBits: Int {
        switch self {
        case .direct(let stride, _, _, _): 8 * stride
        case .indexed(let bits, _): bits
        }
    }

    /// Bytes of a row of `width` pixels.
    func rowBytes(_ width: Int) -> Int { (width * pixelBits + 7) / 8 }

    /// Writes `width` pixels of `row`, from `start`, as red, green and blue into `pixels`.
    func convert(
        _ row: [UInt8], from start: Int, width: Int, into pixels: inout [UInt8], at offset: Int
    ) {
        precondition(
            start >= 0 && start + rowBytes(width) <= row.count && offset >= 0
                && offset + 3 * width <= pixels.count,
            "\(width) pixels from byte \(start) of \(row.count) to \(offset) of \(pixels.count)")
        unsafe row.withUnsafeBufferPointer { row in
            unsafe pixels.withUnsafeMutableBufferPointer { pixels in
                guard let source = row.baseAddress, let target = pixels.baseAddress else { return }
                unsafe convert(source + start, width, target + offset)
            }
        }
    }

    private func convert(
        _ row: UnsafePointer<UInt8>, _ width: Int, _ pixels: UnsafeMutablePointer<UInt8>
    ) {
        let count = Int64(width)
        switch self {
        case .direct(let stride, let red, let green, let blue):
            unsafe cpix_gather(
                row, Int32(clamping: stride), Int32(clamping: red), Int32(clamping: green),
                Int32(clamping: blue), pixels, count)
        case .indexed(let bits, let palette):
            precondition(palette.count == 768, "a palette of \(palette.count) bytes")
            guard bits < 8 else {
                unsafe cpix_look_up(row, palette, pixels, count)
                return
            }
            var indices = [UInt8](repeating: 0, count: width)
            unsafe cpix_unpack(row, &indices, count, Int32(clamping: bits))
            unsafe cpix_look_up(indices, palette, pixels, count)
        }
    }
}
