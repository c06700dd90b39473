// SPDX-License-Identifier: Apache-2.0
import CZlib
import Foundation
import Testing

/// A made-up RGB picture of any size that is written without being held.
///
/// Byte `b` of row `y` is `(7 b + y) mod 256`.
struct LargePicture {
    let width, height: Int
    private let pattern: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        // Row y begins 183 y bytes into the pattern, since 7 * 183 is 1 modulo 256.
        let period = (0..<256).map { UInt8(truncatingIfNeeded: 7 * $0) }
        var pattern: [UInt8] = []
        while pattern.count < 3 * width + 256 { pattern += period }
        self.pattern = pattern
    }

    /// The bytes of row `y`.
    func row(_ y: Int) -> ArraySlice<UInt8> {
        let start = 183 * y % 256
        return pattern[start..<start + 3 * width]
    }

    /// Writes it as PNG, row filter 2 ("up") on every second row.
    func writePNG(_ path: String) throws {
        let file = try open(path)
        defer { try? file.close() }
        func write(_ kind: String, _ body: [UInt8]) throws {
            let whole = Array(kind.utf8) + body
            try unsafe file.write(
                contentsOf: Data(
                    bigEndian(body.count) + whole
                        + bigEndian(Int(crc32(0, whole, uInt(whole.count))))))
        }
        try file.write(contentsOf: Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        try write("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0])
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        unsafe #expect(
            deflateInit_(stream, 1, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { unsafe deflateEnd(stream) }
        var packed = [UInt8](repeating: 0, count: 1 << 18)
        // Each row is the one above plus 1.
        let step = [2] + [UInt8](repeating: 1, count: 3 * width)
        for y in 0...height {
            var input = y == height ? [] : y % 2 == 1 ? step : [0] + row(y)
            var done = 0
            repeat {
                let offered = input.count - done
                let made = unsafe input.withUnsafeMutableBufferPointer { input in
                    unsafe packed.withUnsafeMutableBufferPointer { packed -> Int in
                        unsafe stream.pointee.next_in = unsafe input.baseAddress.map {
                            unsafe $0 + done
                        }
                        unsafe stream.pointee.avail_in = uInt(offered)
                        unsafe stream.pointee.next_out = packed.baseAddress
                        unsafe stream.pointee.avail_out = uInt(packed.count)
                        _ = unsafe deflate(stream, y == height ? Z_FINISH : Z_NO_FLUSH)
                        return unsafe packed.count - Int(stream.pointee.avail_out)
                    }
                }
                done = unsafe input.count - Int(stream.pointee.avail_in)
                if made > 0 { try write("IDAT", Array(packed[..<made])) }
            } while unsafe done < input.count || stream.pointee.avail_out == 0
        }
        try write("IEND", [])
    }

    /// Writes it as a TIFF of one strip a row.
    func writeTIFF(_ path: String) throws {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let entries = 8, table = 8 + 2 + 12 * entries + 4
        let offsets = table, counts = offsets + 4 * height, start = counts + 4 * height
        let tags = [
            (256, 1, width), (257, 1, height), (258, 1, 8), (262, 1, 2), (273, height, offsets),
            (277, 1, 3), (278, 1, 1), (279, height, counts),
        ]
        var head = Array("II".utf8) + little(42, 2) + little(8, 4) + little(entries, 2)
        for (tag, count, value) in tags {
            head += little(tag, 2) + little(4, 2) + little(count, 4) + little(value, 4)
        }
        head += little(0, 4)
        for y in 0..<height { head += little(start + 3 * width * y, 4) }
        for _ in 0..<height { head += little(3 * width, 4) }
        try writeRows(path, head, order: Array(0..<height))
    }

    /// Writes it as a BMP, lowest row first; the width must be a multiple of 4.
    func writeBMP(_ path: String) throws {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let head =
            Array("BM".utf8) + little(54 + 3 * width * height, 4) + little(0, 4) + little(54, 4)
            + little(40, 4) + little(width, 4) + little(height, 4) + little(1, 2) + little(24, 2)
            + little(0, 24)
        try writeRows(path, head, order: (0..<height).reversed())
    }

    private func writeRows(_ path: String, _ head: [UInt8], order: [Int]) throws {
        let file = try open(path)
        defer { try? file.close() }
        try file.write(contentsOf: Data(head))
        for y in order { try file.write(contentsOf: Data(row(y))) }
    }

    private func open(_ path: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try #require(FileHandle(forWritingAtPath: path))
    }

    private func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
