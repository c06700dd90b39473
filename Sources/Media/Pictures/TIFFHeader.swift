// SPDX-License-Identifier: Apache-2.0
import CTIFF
import Files

/// The first picture of a TIFF file, as libtiff says what it is.
struct TIFFHeader {
    /// How rows come out of libtiff.
    enum Way: Hashable {
        /// Strips of whole pixels: row by row.
        case rows
        /// Tiles, or strips of one sample each: a row of pieces.
        case pieces
        /// Pixels that libtiff itself makes colours of, a row of pieces.
        case colours
    }

    /// More strips or tiles are taken for damage.
    private static let maximumPieces = 1 << 22
    /// Codecs that unpack a piece as a whole, whatever is asked for: LERC, WebP, JBIG, PixarLog.
    private static let wholePieceCodecs: Set<Int> = [34887, 50001, 34661, 32909]
    /// What libtiff may allocate at once while it reads a directory.
    private static let directoryMemory = 1 << 28

    let width, height: Int
    let orientation: ImageOrientation
    let way: Way
    let samples, bits: Int
    let kind: SampleScale.Kind
    let isInverted, isPlanar, isTiled: Bool
    let pieceWidth, pieceHeight, pieceBytes, rowBytes: Int
    let missing: Double?
    let palette: [UInt8]?
    private let packedBytes, compression: Int

    var across: Int { isTiled ? (width + pieceWidth - 1) / pieceWidth : 1 }

    /// Rows of a piece: a tile has all of them, the last strip may have fewer.
    func rows(in pieceRow: Int) -> Int { min(pieceHeight, height - pieceRow * pieceHeight) }

    /// Bytes held while rows are read.
    private var memory: Int {
        let unpacked = Self.wholePieceCodecs.contains(compression) ? 2 * pieceBytes : 0
        return switch way {
        case .rows: packedBytes + 2 * rowBytes + unpacked
        case .pieces: packedBytes + pieceBytes + 3 * width * pieceHeight + unpacked
        case .colours: packedBytes + 3 * pieceBytes + 4 * width * pieceHeight
        }
    }

    /// The format of a file that begins as TIFF files do; nil where it is none.
    static func format(_ source: ByteSource) throws(InputError) -> ImageFormat? {
        let start = try source.read(0, min(source.count, 4), of: "the TIFF header")
        guard let order = ByteOrder(start), [42, 43].contains(order.number(start, 2, 2)) else {
            return nil
        }
        let file = try TIFFFile(source, memoryLimit: directoryMemory)
        let header = try TIFFHeader(file.info, path: source.path)
        let info = try ImageInfo(
            source.path, "TIFF", width: header.width, height: header.height,
            orientation: header.orientation, rowMemory: header.memory)
        return ImageFormat(info: info, choosesBands: true) { reading throws(InputError) in
            try TIFFRows(source, header, reading)
        }
    }

    private init(_ info: CTFInfo, path: String) throws(InputError) {
        func refused(_ found: String, _ expected: String, _ remedy: String) -> InputError {
            InputError(path: path, found: found, expected: expected, remedy: remedy)
        }
        let sides = 1...ImageInfo.maximumSide
        let width = Int(info.width), height = Int(info.height)
        guard sides.contains(width), sides.contains(height) else {
            throw refused(
                "a TIFF of \(width) x \(height) pixels",
                "sides of 1 to \(ImageInfo.maximumSide) pixels", "check the file or copy it again")
        }
        guard info.is_raw == 0 else {
            throw refused(
                "a camera's raw picture (DNG)", "developed colours",
                "develop it to TIFF, PNG or JPEG")
        }
        guard info.is_reduced == 0 else {
            throw refused(
                "a small copy of another picture in the first directory", "the picture itself",
                "write the full one alone to TIFF or PNG")
        }
        guard ctf_has_codec(info.compression) != 0 else {
            throw refused(
                "a TIFF of compression \(info.compression)", "one that libtiff reads here",
                "convert it to deflate, LZW or JPEG")
        }
        guard info.piece_width > 0, sides.contains(Int(info.piece_height)), info.piece_bytes > 0,
            info.row_bytes > 0, (1...PixelReading.bandLimit).contains(Int(info.samples)),
            Int(info.pieces) <= Self.maximumPieces
        else {
            throw InputError.damaged(
                path, "a TIFF whose strips or tiles have no size or are too many",
                expected: "at most \(Self.maximumPieces) of some pixels")
        }
        guard info.missing < 0 else {
            throw InputError.damaged(
                path,
                "strip or tile \(info.missing) of \(info.missing_bytes) bytes from byte "
                    + "\(info.missing_offset)", expected: "it in the file")
        }
        self.width = width
        self.height = height
        orientation = ImageOrientation(rawValue: Int(info.orientation)) ?? .upright
        samples = Int(info.samples)
        bits = Int(info.bits)
        isPlanar = info.is_planar != 0
        isTiled = info.is_tiled != 0
        compression = Int(info.compression)
        pieceWidth = Int(info.piece_width)
        pieceHeight = Int(info.piece_height)
        pieceBytes = Int(info.piece_bytes)
        rowBytes = Int(info.row_bytes)
        packedBytes = Int(info.packed_bytes)
        missing = info.has_missing_value != 0 ? info.missing_value : nil
        isInverted = info.photometric == 0
        let kinds: [UInt16: SampleScale.Kind] = [1: .unsigned, 2: .signed, 3: .float, 4: .unsigned]
        // Black and white, colours, a palette, a mask; YCbCr that its codec turns into colours.
        let isPlain = [0, 1, 2, 3, 4].contains(info.photometric) || info.photometric == 6
        if info.needs_colours != 0 {
            way = .colours
            kind = .unsigned
            palette = nil
            return
        }
        guard isPlain, let kind = kinds[info.format],
            kind == .float ? [16, 32, 64].contains(bits) : (1...64).contains(bits),
            kind != .signed || bits >= 8
        else {
            throw refused(
                "a TIFF of photometric interpretation \(info.photometric) and sample format "
                    + "\(info.format) of \(info.bits) bits",
                "grey, RGB, a palette, YCbCr or CMYK of whole or real numbers",
                "convert it to RGB, e.g. with gdal_translate or ImageMagick")
        }
        // What libtiff unpacks must hold what the tags promise.
        let parts = isPlanar ? 1 : samples
        guard pieceWidth * parts * bits <= 8 * rowBytes, rowBytes * pieceHeight <= pieceBytes
        else {
            throw InputError.damaged(
                path, "strips or tiles of \(pieceBytes) bytes",
                expected: "\(pieceHeight) rows of \(pieceWidth) pixels of \(parts * bits) bits")
        }
        self.kind = kind
        way = isTiled || isPlanar ? .pieces : .rows
        if info.photometric == 3 {
            guard samples == 1, info.palette_count > 0 else {
                throw refused(
                    "a TIFF with a palette for \(samples) samples of \(bits) bits",
                    "one sample of up to 8 bits and its palette", "convert it to RGB")
            }
            let bytes = unsafe withUnsafeBytes(of: info.palette) { unsafe Array($0) }
            palette = bytes
        } else {
            palette = nil
            guard info.photometric != 2 || samples >= 3 else {
                throw InputError.damaged(
                    path, "an RGB TIFF of \(samples) sample\(samples == 1 ? "" : "s")",
                    expected: "3 or more")
            }
        }
    }
}

/// An open TIFF file: the owner of a C handle.
@safe final class TIFFFile {
    /// What the callback of the handle reads.
    private final class Input {
        let source: ByteSource
        init(_ source: ByteSource) { self.source = source }
    }

    private let input: Unmanaged<Input>
    private let file: OpaquePointer
    private let path: String

    /// - Parameter memoryLimit: The largest block that libtiff may allocate.
    init(_ source: ByteSource, memoryLimit: Int) throws(InputError) {
        path = source.path
        let input = unsafe Unmanaged.passRetained(Input(source))
        var text = [CChar](repeating: 0, count: 256)
        let opened = unsafe ctf_open(
            input.toOpaque(),
            { context, offset, buffer, count in
                guard let context = unsafe context, let buffer = unsafe buffer, count > 0 else {
                    return -1
                }
                let source = unsafe Unmanaged<Input>.fromOpaque(context).takeUnretainedValue()
                    .source
                let target = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
                guard unsafe (try? source.fill(target, from: Int(offset), of: "a TIFF")) != nil
                else {
                    return -1
                }
                return count
            }, Int64(source.count), Int64(memoryLimit), &text, Int32(text.count))
        guard let opened = unsafe opened else {
            unsafe input.release()
            let found = String(
                decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw InputError.damaged(
                source.path, "a TIFF that libtiff cannot open (\(found))", expected: "a whole one")
        }
        unsafe file = unsafe opened
        unsafe self.input = unsafe input
    }

    deinit {
        unsafe ctf_close(file)
        unsafe input.release()
    }

    var info: CTFInfo {
        var info = CTFInfo()
        unsafe ctf_info(file, &info)
        return info
    }

    /// Reads a row of all samples.
    func row(_ row: Int, into buffer: inout [UInt8]) throws(InputError) {
        try unsafe check(ctf_read_row(file, UInt32(row), &buffer, Int64(buffer.count)), row)
    }

    /// Reads the piece that holds column x and row y of a sample.
    func piece(x: Int, y: Int, sample: Int, into buffer: inout [UInt8]) throws(InputError) {
        try unsafe check(
            ctf_read_piece(
                file, UInt32(x), UInt32(y), UInt16(sample), &buffer, Int64(buffer.count)), y)
    }

    /// Reads rows as libtiff's colours, 4 bytes a pixel.
    func colours(_ rows: Range<Int>, into buffer: inout [UInt8]) throws(InputError) {
        try unsafe check(
            ctf_read_colours(
                file, UInt32(rows.lowerBound), UInt32(rows.count), &buffer, Int64(buffer.count)),
            rows.lowerBound)
    }

    private func check(_ status: Int32, _ row: Int) throws(InputError) {
        guard status != 0 else { return }
        throw InputError.damaged(
            path,
            unsafe "pixels at row \(row) that libtiff cannot read (\(String(cString: ctf_message(file))))",
            expected: "whole strips or tiles")
    }
}
