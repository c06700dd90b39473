// SPDX-License-Identifier: Apache-2.0
import CPixels
import Files

/// Reads a TIFF file row by row: holds one row, or one row of strips or tiles.
final class TIFFRows: RowSource {
    private let header: TIFFHeader
    private let file: TIFFFile
    private let path: String
    /// The samples that are red, green and blue.
    private let channels: [Int]
    private let layout: SampleLayout?
    private var scale: SampleScale
    /// A row or piece as libtiff gives it.
    private var buffer: [UInt8]
    /// The colours of row `held` of pieces.
    private var rows: [UInt8] = []
    private var held = -1
    /// The row of strips in `buffer`.
    private var decoded = -1
    private var isMeasured = false
    private(set) var nextRow = 0

    init(
        _ source: ByteSource, _ header: TIFFHeader, _ reading: PixelReading
    ) throws(InputError) {
        self.header = header
        path = source.path
        file = try TIFFFile(source, memoryLimit: ImageBands.defaultMemoryLimit)
        // Again, since that sets how JPEG's colours come out.
        _ = file.info
        let isColour = header.way == .colours || header.palette != nil
        channels = try reading.channels(of: isColour ? 3 : header.samples, path: source.path)
        scale = SampleScale(
            header.kind, bits: header.bits, isBigEndian: ByteOrder.machine == .bigEndian,
            isInverted: header.isInverted, missing: header.missing, range: reading.range)
        if let palette = header.palette {
            layout = .indexed(bits: header.bits, palette: palette)
        } else if header.bits == 8, header.kind == .unsigned, !header.isInverted,
            !header.isPlanar, header.way != .colours
        {
            layout = .direct(
                stride: header.samples, red: channels[0], green: channels[1], blue: channels[2])
        } else {
            layout = nil
        }
        let size =
            switch header.way {
            case .rows: header.rowBytes
            case .pieces: header.pieceBytes
            case .colours: 4 * header.width * header.pieceHeight
            }
        buffer = [UInt8](repeating: 0, count: size)
    }

    var notice: String? { header.way == .colours ? nil : scale.notice(path: path) }

    func seek(to row: Int) { nextRow = row }

    func readRow(into pixels: inout [UInt8], at offset: Int) throws(InputError) {
        if !isMeasured, header.way != .colours, layout == nil, scale.needsExtent {
            try measure()
            scale.takeExtent()
        }
        isMeasured = true
        if header.way == .rows {
            try decode(nextRow)
            convert(
                0, header.width, Set(channels).map { ($0, $0 * header.bits) }, into: &pixels,
                at: offset)
        } else {
            let pieceRow = nextRow / header.pieceHeight
            if held != pieceRow { try unpack(pieceRow) }
            let count = 3 * header.width
            let start = nextRow % header.pieceHeight * count
            pixels.replaceSubrange(offset..<offset + count, with: rows[start..<start + count])
        }
        nextRow += 1
    }

    /// Reads a row of strips; most codecs know no way to it but from their strip's start.
    private func decode(_ row: Int) throws(InputError) {
        let start = row / header.pieceHeight * header.pieceHeight
        let isOnTheWay = (start..<row).contains(decoded)
        decoded = isOnTheWay ? decoded : start - 1
        while decoded < row {
            try file.row(decoded + 1, into: &buffer)
            decoded += 1
        }
    }

    /// Where a channel's samples begin in the piece that is held.
    private typealias Part = (channel: Int, firstBit: Int)

    private var stride: Int { header.bits * (header.isPlanar ? 1 : header.samples) }

    /// Reads a row of pieces one after the other; `body` finds each in `buffer`.
    private func forPieces(
        in pieceRow: Int, _ body: (_ x: Int, _ width: Int, _ parts: [Part]) -> Void
    ) throws(InputError) {
        let y = pieceRow * header.pieceHeight
        let wanted = Set(channels).sorted()
        for x in Swift.stride(from: 0, to: header.width, by: header.pieceWidth) {
            let width = min(header.pieceWidth, header.width - x)
            guard header.isPlanar else {
                try file.piece(x: x, y: y, sample: 0, into: &buffer)
                body(x, width, wanted.map { ($0, $0 * header.bits) })
                continue
            }
            for channel in wanted {
                try file.piece(x: x, y: y, sample: channel, into: &buffer)
                body(x, width, [(channel, 0)])
            }
        }
    }

    /// Looks at all samples of the colours.
    private func measure() throws(InputError) {
        func measure(_ row: Int, _ width: Int, _ parts: [Part]) {
            for part in parts {
                scale.measure(
                    buffer, firstBit: 8 * row * header.rowBytes + part.firstBit, strideBits: stride,
                    width: width)
            }
        }
        if header.way == .rows {
            let parts = Set(channels).map { ($0, $0 * header.bits) }
            for row in 0..<header.height {
                try decode(row)
                measure(0, header.width, parts)
            }
            return
        }
        for top in Swift.stride(from: 0, to: header.height, by: header.pieceHeight) {
            let count = header.rows(in: top / header.pieceHeight)
            try forPieces(in: top / header.pieceHeight) { _, width, parts in
                for row in 0..<count { measure(row, width, parts) }
            }
        }
    }

    /// Makes colours of a row of pieces side by side.
    private func unpack(_ pieceRow: Int) throws(InputError) {
        held = -1
        let count = header.rows(in: pieceRow), whole = header.width
        if rows.isEmpty {
            rows = [UInt8](repeating: 0, count: 3 * whole * header.pieceHeight)
        }
        if header.way == .colours {
            let top = pieceRow * header.pieceHeight
            try file.colours(top..<top + count, into: &buffer)
            SampleLayout.direct(
                stride: 4, red: channels[0], green: channels[1], blue: channels[2]
            ).convert(buffer, from: 0, width: whole * count, into: &rows, at: 0)
        } else {
            try forPieces(in: pieceRow) { x, width, parts in
                for row in 0..<count {
                    convert(
                        row, width, parts, into: &rows, at: 3 * (row * whole + x))
                }
            }
        }
        held = pieceRow
    }

    /// Makes colours of a row of the piece that is held.
    private func convert(
        _ row: Int, _ width: Int, _ parts: [Part], into pixels: inout [UInt8], at offset: Int
    ) {
        let start = row * header.rowBytes
        if let layout {
            layout.convert(buffer, from: start, width: width, into: &pixels, at: offset)
            return
        }
        for part in parts {
            for colour in 0..<3 where channels[colour] == part.channel {
                scale.convert(
                    buffer, firstBit: 8 * start + part.firstBit, strideBits: stride, width: width,
                    into: &pixels, at: offset + colour)
            }
        }
    }
}
