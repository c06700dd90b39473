// SPDX-License-Identifier: Apache-2.0
import CPixels
import CZlib
import Files

/// The header of a PNG file (PNG, second edition).
struct PNGHeader: Sendable {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// More chunks before the first of pixels are taken for damage.
    private static let maximumChunks = 10_000
    /// Deflate makes at most so many bytes of one.
    private static let largestRatio = 1032

    let width, height: Int
    let layout: SampleLayout
    /// Where the first chunk of pixels lies.
    let dataStart: Int
    /// Whether samples have 16 bits.
    let isDeep: Bool

    var rowBytes: Int { layout.rowBytes(width) }

    static func format(_ source: ByteSource) throws(InputError) -> ImageFormat {
        func damaged(_ found: String, _ expected: String) -> InputError {
            InputError.damaged(source.path, found, expected: expected)
        }
        let start = try source.read(8, 25, of: "the PNG header")
        let order = ByteOrder.bigEndian
        guard Array(start[4..<8]) == Array("IHDR".utf8), order.number(start, 0, 4) == 13 else {
            throw damaged("no IHDR in the PNG header", "it first")
        }
        let width = order.number(start, 8, 4), height = order.number(start, 12, 4)
        let depth = Int(start[16]), colour = Int(start[17]), interlacing = Int(start[20])
        let depths = [
            0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16],
        ]
        guard depths[colour]?.contains(depth) ?? false, start[18] == 0, start[19] == 0 else {
            throw damaged(
                "a PNG of color type \(colour) and \(depth) bits", "those of the standard")
        }
        let parts = try chunks(source)
        let layout: SampleLayout
        switch colour {
        case 0 where depth < 8: layout = .grey(bits: depth)
        case 3:
            guard let palette = parts.palette else {
                throw damaged("no palette in a PNG that needs one", "PLTE before the pixels")
            }
            layout = .indexed(bits: depth, palette: palette)
        default:
            let samples = [0: 1, 2: 3, 4: 2, 6: 4][colour] ?? 1
            layout = .samples(samples, bytes: depth / 8, isBigEndian: true)
        }
        let header = PNGHeader(
            width: width, height: height, layout: layout, dataStart: parts.data, isDeep: depth == 16
        )
        let info = try ImageInfo(
            source.path, "PNG", width: width, height: height, orientation: parts.orientation,
            rowMemory: interlacing == 0 ? 2 * header.rowBytes + 1 << 16 : nil)
        guard (header.rowBytes + 1) * height / largestRatio <= source.count else {
            throw damaged(
                "a PNG of \(width) x \(height) pixels in \(source.count) bytes",
                "more bytes, that many cannot hold them")
        }
        guard interlacing == 0 else { return ImageFormat.whole(info) }
        return ImageFormat(info: info) { reading throws(InputError) in
            try PNGRows(source, header, range: reading.range)
        }
    }

    /// What stands before the pixels.
    private static func chunks(
        _ source: ByteSource
    ) throws(InputError) -> (data: Int, palette: [UInt8]?, orientation: ImageOrientation) {
        var place = 33
        var palette: [UInt8]?
        var orientation = ImageOrientation.upright
        for _ in 0..<maximumChunks {
            let head = try source.read(place, 8, of: "a PNG chunk")
            let count = ByteOrder.bigEndian.number(head, 0, 4)
            switch String(decoding: head[4...], as: UTF8.self) {
            case "IDAT": return (place, palette, orientation)
            case "PLTE":
                let colours = try source.read(place + 8, min(count, 768), of: "the palette")
                palette = colours + [UInt8](repeating: 0, count: 768 - colours.count)
            case "eXIf":
                orientation = ImageOrientation(
                    exif: try source.read(place + 8, min(count, 1 << 16), of: "EXIF"))
            default: break
            }
            place += count + 12
        }
        throw InputError.damaged(
            source.path, "\(maximumChunks) chunks before the pixels", expected: "fewer")
    }
}

/// Inflates a PNG row by row: holds two rows and a piece of the file.
@safe final class PNGRows: RowSource {
    private static let piece = 1 << 16

    private let source: ByteSource
    private let header: PNGHeader
    /// On the heap, since zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input: [UInt8] = []
    private var taken = 0
    /// Where the file is read on, and what is left of the chunk there.
    private var place: Int
    private var left = 0
    /// The filter's number and the bytes of the present row and the one above it.
    private var row: [UInt8]
    private var above: [UInt8]
    /// Of samples of 16 bits, which are black and white.
    private var scale: SampleScale?
    private(set) var nextRow = 0

    init(
        _ source: ByteSource, _ header: PNGHeader, range: PixelReading.Range?
    ) throws(InputError) {
        if header.isDeep {
            scale = SampleScale(.unsigned, bits: 16, isBigEndian: true, range: range)
        }
        self.source = source
        self.header = header
        place = header.dataStart
        row = [UInt8](repeating: 0, count: header.rowBytes + 1)
        above = row
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib's inflateInit: \(status)")
        left = try chunk() ?? 0
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    var notice: String? { scale?.notice(path: source.path) }

    func seek(to target: Int) throws(InputError) {
        if target < nextRow {
            unsafe inflateReset(stream)
            (place, left, nextRow) = (header.dataStart, 0, 0)
            (input, taken) = ([], 0)
            above = [UInt8](repeating: 0, count: row.count)
            left = try chunk() ?? 0
        }
        while nextRow < target { try unfilteredRow() }
    }

    func readRow(into pixels: inout [UInt8], at offset: Int) throws(InputError) {
        try unfilteredRow()
        if case .direct(let stride, let red, let green, let blue) = header.layout, scale != nil {
            for (colour, place) in [red, green, blue].enumerated() {
                scale?.convert(
                    above, firstBit: 8 * (1 + place), strideBits: 8 * stride, width: header.width,
                    into: &pixels, at: offset + colour)
            }
            return
        }
        header.layout.convert(
            above, from: 1, width: header.width, into: &pixels, at: offset)
    }

    /// Decodes the next row, which is in `above` afterwards.
    private func unfilteredRow() throws(InputError) {
        try inflateRow()
        let filter = Int32(row[0])
        let count = Int64(row.count - 1)
        let pixelBytes = Int32(clamping: max(1, header.layout.pixelBits / 8))
        let status = unsafe row.withUnsafeMutableBufferPointer { row in
            unsafe above.withUnsafeBufferPointer { above -> Int32 in
                guard let row = row.baseAddress, let above = above.baseAddress else { return -1 }
                return unsafe cpix_unfilter(row + 1, above + 1, count, pixelBytes, filter)
            }
        }
        guard status == 0 else { throw damaged("filter \(filter) in row \(nextRow)") }
        swap(&row, &above)
        nextRow += 1
    }

    private func inflateRow() throws(InputError) {
        var filled = 0
        while filled < row.count {
            if taken == input.count { try refill() }
            let offered = input.count - taken, wanted = row.count - filled
            let status = unsafe input.withUnsafeMutableBufferPointer { input in
                unsafe row.withUnsafeMutableBufferPointer { row -> Int32 in
                    unsafe stream.pointee.next_in = unsafe input.baseAddress.map {
                        unsafe $0 + taken
                    }
                    unsafe stream.pointee.avail_in = uInt(offered)
                    unsafe stream.pointee.next_out = unsafe row.baseAddress.map {
                        unsafe $0 + filled
                    }
                    unsafe stream.pointee.avail_out = uInt(wanted)
                    return unsafe inflate(stream, Z_NO_FLUSH)
                }
            }
            let read = unsafe offered - Int(stream.pointee.avail_in)
            let made = unsafe wanted - Int(stream.pointee.avail_out)
            taken += read
            filled += made
            if filled == row.count { return }
            switch status {
            case Z_OK where read > 0 || made > 0: continue
            case Z_OK, Z_BUF_ERROR, Z_STREAM_END:
                throw damaged("the end of the pixels in row \(nextRow) of \(header.height)")
            default: throw damaged("damaged pixels in row \(nextRow) (zlib \(status))")
            }
        }
    }

    /// Reads the next piece of the pixels' chunks; none is left where `input` stays empty.
    private func refill() throws(InputError) {
        input = []
        taken = 0
        while left == 0 {
            guard let next = try chunk() else { return }
            left = next
        }
        let count = min(left, PNGRows.piece)
        input = try source.read(place, count, of: "the pixels")
        place += count
        left -= count
        if left == 0 { place += 4 }
    }

    /// Goes into the chunk at `place` and gives its length; nil where it has no pixels.
    private func chunk() throws(InputError) -> Int? {
        guard place <= source.count - 8 else { return nil }
        let head = try source.read(place, 8, of: "a PNG chunk")
        guard Array(head[4...]) == Array("IDAT".utf8) else { return nil }
        place += 8
        let count = ByteOrder.bigEndian.number(head, 0, 4)
        if count == 0 { place += 4 }
        return count
    }

    private func damaged(_ found: String) -> InputError {
        InputError.damaged(
            source.path, found, expected: "\(header.height) rows of \(header.width) pixels")
    }
}
