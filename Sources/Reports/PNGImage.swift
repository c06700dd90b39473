// SPDX-License-Identifier: Apache-2.0
import CZlib
package import Foundation

/// A picture of 8-bit red, green and blue that is written as PNG; the same pixels give the same
/// bytes under one version of zlib.
package struct PNGImage: Sendable, Equatable {
    /// Pixels a row.
    package let width: Int
    /// Rows, the uppermost first.
    package let height: Int
    /// Red, green and blue of each pixel, row-major.
    package var pixels: [UInt8]

    /// A picture of one color.
    ///
    /// - Precondition: Sides of 1 to 32768.
    package init(width: Int, height: Int, color: SIMD3<UInt8> = SIMD3(255, 255, 255)) {
        precondition(
            (1...32768).contains(width) && (1...32768).contains(height),
            "a picture of \(width) x \(height)")
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 0, count: 3 * width * height)
        for pixel in 0..<width * height { self[pixel] = color }
    }

    /// A picture of these pixels, row-major red, green and blue.
    ///
    /// - Precondition: Sides of 1 to 32768, three bytes a pixel.
    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(
            (1...32768).contains(width) && (1...32768).contains(height)
                && pixels.count == 3 * width * height,
            "a picture of \(width) x \(height) from \(pixels.count) bytes")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The color of pixel `y * width + x`.
    package subscript(pixel: Int) -> SIMD3<UInt8> {
        get { SIMD3(pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2]) }
        set {
            pixels[3 * pixel] = newValue.x
            pixels[3 * pixel + 1] = newValue.y
            pixels[3 * pixel + 2] = newValue.z
        }
    }

    /// The file's bytes (PNG, second edition): a header, one deflated block of data, the end.
    ///
    /// - Parameter note: A text of Latin letters for the header, which ``note(inFile:)`` gives back.
    package func png(note: String? = nil) -> Data {
        // Each row begins with the filter's number: each pixel less the one before it.
        var rows: [UInt8] = []
        rows.reserveCapacity((3 * width + 1) * height)
        for row in 0..<height {
            rows.append(1)
            let first = 3 * width * row
            for place in first..<first + 3 * width {
                rows.append(pixels[place] &- (place - first < 3 ? 0 : pixels[place - 3]))
            }
        }
        var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        // 8 bits a channel, true color, deflate, no interlacing.
        PNGImage.append(
            "IHDR", PNGImage.bigEndian(width) + PNGImage.bigEndian(height) + [8, 2, 0, 0, 0],
            to: &file)
        if let note {
            PNGImage.append("tEXt", Array(PNGImage.noteKey.utf8) + [0] + note.utf8, to: &file)
        }
        PNGImage.append("IDAT", PNGImage.deflated(rows), to: &file)
        PNGImage.append("IEND", [], to: &file)
        return file
    }

    private static let noteKey = "dr2net"

    /// The note in the header of a file that this program wrote; nil where there is none.
    package static func note(inFile path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        // Signature and header take 33 bytes, the length and the name of the next part 8.
        guard let head = try? file.read(upToCount: 4096), head.count > 41 else { return nil }
        let bytes = [UInt8](head)
        let length = bytes[33..<37].reduce(0) { $0 << 8 | Int($1) }
        let start = Array("tEXt\(noteKey)".utf8) + [0]
        guard bytes[37...].starts(with: start), length <= bytes.count - 41 else { return nil }
        return String(decoding: bytes[37 + start.count..<41 + length], as: UTF8.self)
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(uLong(bytes.count))
        var packed = [UInt8](repeating: 0, count: Int(length))
        let status = unsafe compress2(&packed, &length, bytes, uLong(bytes.count), 6)
        precondition(status == Z_OK, "zlib's compress2: \(status)")
        return Array(packed.prefix(Int(length)))
    }

    private static func append(_ name: String, _ contents: [UInt8], to file: inout Data) {
        let body = Array(name.utf8) + contents
        file.append(contentsOf: bigEndian(contents.count))
        file.append(contentsOf: body)
        unsafe file.append(contentsOf: bigEndian(Int(crc32(0, body, uInt(body.count)))))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
