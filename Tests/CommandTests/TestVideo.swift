// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An uncompressed film of grey frames, 16 by 16 pixels, 10 frames a second.
enum TestVideo {
    /// YUV4MPEG2: frame i has the full-range luma 8 · i, no colour.
    static func data(frames: Int) -> Data {
        var data = Data("YUV4MPEG2 W16 H16 F10:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".utf8)
        for frame in 0..<frames {
            data += Data("FRAME\n".utf8)
            data += Data(repeating: UInt8(8 * frame), count: 256)
        }
        return data
    }
}
