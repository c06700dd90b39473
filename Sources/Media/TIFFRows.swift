// SPDX-License-Identifier: Apache-2.0
import CPixels
import CZlib
import Checkpoints

/// Reads a TIFF file row by row: holds one row, or one row of strips or tiles.
final class TIFFRows: RowSource {
    private let source: ByteSource
    private let header: TIFFHeader
    /// The unpacked rows of the pieces in row `held` of pieces, as wide as the pieces are together.
    private var rows: [UInt8] = []
    private var held = -1
    private(set) var nextRow = 0

    init(_ source: ByteSource, _ header: TIFFHeader) {
        self.source = source
        self.header = header
    }

    func seek(to row: Int) { nextRow = row }

    func readRow(into pixels: inout [UInt8], at offset: Int) throws(MediaError) {
        let pieceRow = nextRow / header.pieceHeight, row = nextRow % header.pieceHeight
        if header.isPlain {
            let start = row * header.pieceRowBytes
            guard start + header.pieceRowBytes <= header.counts[pieceRow] else {
                throw short(pieceRow)
            }
            let bytes = try source.bytes(
                header.offsets[pieceRow] + start, header.pieceRowBytes, of: "row \(nextRow)")
            header.layout.convert(bytes, from: 0, width: header.width, into: &pixels, at: offset)
        } else {
            if held != pieceRow { try unpack(pieceRow) }
            header.layout.convert(
                rows, from: row * header.pieceRowBytes * header.across, width: header.width,
                into: &pixels, at: offset)
        }
        nextRow += 1
    }

    /// Unpacks a row of pieces side by side.
    private func unpack(_ pieceRow: Int) throws(MediaError) {
        held = -1
        let rowBytes = header.pieceRowBytes
        let wanted = header.rows(in: pieceRow)
        if rows.isEmpty {
            rows = [UInt8](repeating: 0, count: rowBytes * header.pieceHeight * header.across)
        }
        for column in 0..<header.across {
            let index = pieceRow * header.across + column
            var piece = try unpacked(index, count: wanted * rowBytes)
            if header.hasDifferences { integrate(&piece, rows: wanted) }
            if header.across == 1 {
                rows.replaceSubrange(0..<piece.count, with: piece)
                continue
            }
            for row in 0..<wanted {
                let target = (row * header.across + column) * rowBytes
                rows.replaceSubrange(
                    target..<target + rowBytes, with: piece[row * rowBytes..<(row + 1) * rowBytes])
            }
        }
        held = pieceRow
    }

    private func unpacked(_ index: Int, count: Int) throws(MediaError) -> [UInt8] {
        let packed = try source.bytes(
            header.offsets[index], header.counts[index], of: "strip or tile \(index)")
        var bytes = [UInt8](repeating: 0, count: count)
        let made: Int64
        switch header.compression {
        case .none:
            made = Int64(min(count, packed.count))
            if packed.count >= count { bytes = Array(packed[..<count]) }
        case .lzw: made = cpix_lzw(packed, Int64(packed.count), &bytes, Int64(count))
        case .packBits: made = cpix_packbits(packed, Int64(packed.count), &bytes, Int64(count))
        case .deflate, .oldDeflate:
            var length = uLong(count)
            let status = uncompress(&bytes, &length, packed, uLong(packed.count))
            // A full buffer is enough: what a piece holds beyond its pixels is left out.
            made = status == Z_OK || status == Z_BUF_ERROR ? Int64(length) : -1
        }
        guard made == count else { throw short(index) }
        return bytes
    }

    private func integrate(_ piece: inout [UInt8], rows: Int) {
        let rowBytes = header.pieceRowBytes
        piece.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for row in 0..<rows {
                cpix_integrate(
                    base + row * rowBytes, Int64(header.pieceWidth),
                    Int32(clamping: header.samples), Int32(clamping: header.sampleBytes),
                    header.order == .bigEndian ? 1 : 0)
            }
        }
    }

    private func short(_ index: Int) -> MediaError {
        MediaError.damaged(
            source.path, "damaged or too few bytes in strip or tile \(index)",
            expected: "\(header.pieceHeight) rows of \(header.pieceWidth) pixels")
    }
}
