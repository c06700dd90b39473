// SPDX-License-Identifier: Apache-2.0
import Files

/// The header of an uncompressed BMP file.
struct BMPHeader: Sendable {
    let width, height: Int
    let layout: SampleLayout
    /// Where the pixels begin, and the bytes of a row with its filling.
    let dataStart, stride: Int
    /// Whether the first row in the file is the uppermost.
    let isTopDown: Bool

    /// The format of a file that begins as BMP files do; nil where its header is of an old kind.
    static func format(_ source: ByteSource) throws(InputError) -> ImageFormat? {
        let start = try source.read(0, min(source.count, 54), of: "the BMP header")
        let order = ByteOrder.littleEndian
        let headerBytes = order.number(start, 14, 4)
        guard start.count == 54, headerBytes >= 40 else { return nil }
        let width = Int(Int32(truncatingIfNeeded: order.number(start, 18, 4)))
        let signed = Int(Int32(truncatingIfNeeded: order.number(start, 22, 4)))
        let bits = order.number(start, 28, 2), compression = order.number(start, 30, 4)
        let isPlain = compression == 0 && [8, 24, 32].contains(bits)
        let info = try ImageInfo(
            source.path, "BMP", width: width, height: abs(signed),
            rowMemory: isPlain ? (width * bits / 8 + 3) & ~3 : nil)
        guard isPlain else { return ImageFormat.whole(info) }
        let layout: SampleLayout
        if bits == 8 {
            let used = order.number(start, 46, 4)
            let count = (1...256).contains(used) ? used : 256
            let table = try source.read(14 + headerBytes, 4 * count, of: "the palette")
            var palette = [UInt8](repeating: 0, count: 768)
            for index in 0..<count {
                for channel in 0..<3 {
                    palette[3 * index + channel] = table[4 * index + 2 - channel]
                }
            }
            layout = .indexed(bits: 8, palette: palette)
        } else {
            layout = .direct(stride: bits / 8, red: 2, green: 1, blue: 0)
        }
        let header = BMPHeader(
            width: width, height: abs(signed), layout: layout,
            dataStart: order.number(start, 10, 4), stride: (width * bits / 8 + 3) & ~3,
            isTopDown: signed < 0)
        // The last row may lack its filling.
        let needed = header.stride * (header.height - 1) + layout.rowBytes(width)
        guard source.contains(offset: header.dataStart, count: needed) else {
            throw InputError.damaged(
                source.path, "a BMP of \(width) x \(abs(signed)) pixels in \(source.count) bytes",
                expected: "\(header.dataStart + needed) bytes")
        }
        return ImageFormat(info: info) { _ in BMPRows(source, header) }
    }
}

/// Reads a BMP row by row.
final class BMPRows: RowSource {
    private let source: ByteSource
    private let header: BMPHeader
    private(set) var nextRow = 0

    init(_ source: ByteSource, _ header: BMPHeader) {
        self.source = source
        self.header = header
    }

    func seek(to row: Int) { nextRow = row }

    func readRow(into pixels: inout [UInt8], at offset: Int) throws(InputError) {
        let place = header.isTopDown ? nextRow : header.height - 1 - nextRow
        let row = try source.read(
            header.dataStart + place * header.stride, header.layout.rowBytes(header.width),
            of: "row \(nextRow)")
        header.layout.convert(row, from: 0, width: header.width, into: &pixels, at: offset)
        nextRow += 1
    }
}
