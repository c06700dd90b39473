// SPDX-License-Identifier: Apache-2.0
import Checkpoints

/// The first directory of a TIFF file (TIFF 6.0; the 64-bit form too).
struct TIFFHeader: Sendable {
    enum Compression: Int, Sendable {
        case none = 1
        case lzw = 5
        case deflate = 8
        case oldDeflate = 32946
        case packBits = 32773
    }

    /// More strips or tiles are taken for damage.
    private static let maximumPieces = 1 << 20

    let width, height: Int
    let layout: SampleLayout
    let samples, sampleBytes: Int
    let order: ByteOrder
    let compression: Compression
    let hasDifferences: Bool
    /// Size of a strip or tile; a strip is as wide as the picture.
    let pieceWidth, pieceHeight: Int
    /// Where the pieces lie and how long they are, row by row.
    let offsets, counts: [Int]

    var across: Int { (width + pieceWidth - 1) / pieceWidth }
    var pieceRowBytes: Int { layout.rowBytes(pieceWidth) }

    /// The format of a file that begins as TIFF files do; nil where it is none.
    static func format(_ source: ByteSource) throws(MediaError) -> ImageFormat? {
        guard let tags = try TIFFTags(source) else { return nil }
        let width = try tags.number(256) ?? 0, height = try tags.number(257) ?? 0
        let orientation = ImageOrientation(rawValue: try tags.number(274) ?? 1) ?? .upright
        let header = try TIFFHeader(tags, width: width, height: height)
        // Before anything is computed from the pieces' lengths.
        try header?.check(source)
        let info = try ImageInfo(
            source.path, "TIFF", width: width, height: height, orientation: orientation,
            rowMemory: header?.memory, isTiled: try tags.number(322) != nil)
        guard let header else {
            guard !info.isTiled else { throw info.tilesRefused() }
            return ImageFormat.whole(info)
        }
        return ImageFormat(info: info) { () in TIFFRows(source, header) }
    }

    /// Nil for a kind that FFmpeg is to read.
    private init?(_ tags: TIFFTags, width: Int, height: Int) throws(MediaError) {
        let sides = 1...ImageInfo.maximumSide
        guard sides.contains(width), sides.contains(height) else { return nil }
        let samples = try tags.number(277) ?? 1
        let bits = try tags.numbers(258, limit: 8) ?? [1]
        let photometric = try tags.number(262) ?? 1
        let formats = try tags.numbers(339, limit: 8) ?? [1]
        let predictor = try tags.number(317) ?? 1
        let planes = try tags.number(284) ?? 1, fillOrder = try tags.number(266) ?? 1
        guard (1...8).contains(samples), let depth = bits.first, [8, 16].contains(depth),
            bits.allSatisfy({ $0 == depth }), formats.allSatisfy({ $0 == 1 }),
            samples == 1 || planes == 1, fillOrder == 1,
            let compression = Compression(rawValue: try tags.number(259) ?? 1),
            [1, 2].contains(predictor)
        else { return nil }
        let order = tags.order
        switch photometric {
        case 0 where samples == 1 && depth == 8: layout = .grey(bits: 8, isWhiteZero: true)
        case 1 where samples <= 2:
            layout = .samples(samples, bytes: depth / 8, isBigEndian: order == .bigEndian)
        case 2 where samples >= 3:
            layout = .samples(samples, bytes: depth / 8, isBigEndian: order == .bigEndian)
        case 3 where samples == 1 && depth == 8:
            guard let map = try tags.numbers(320, limit: 768), map.count == 768 else { return nil }
            layout = .indexed(
                bits: 8,
                palette: (0..<256).flatMap { index in
                    (0..<3).map { UInt8(truncatingIfNeeded: map[256 * $0 + index] >> 8) }
                })
        default: return nil
        }
        self.width = width
        self.height = height
        self.samples = samples
        self.order = order
        self.compression = compression
        sampleBytes = depth / 8
        hasDifferences = predictor == 2
        let isTiled = try tags.number(322) != nil
        let rows = try tags.number(isTiled ? 323 : 278) ?? height
        pieceWidth = isTiled ? try tags.number(322) ?? 0 : width
        pieceHeight = isTiled ? rows : min(rows, height)
        guard sides.contains(pieceWidth), sides.contains(pieceHeight) else { return nil }
        let down = (height + pieceHeight - 1) / pieceHeight
        let pieces = (width + pieceWidth - 1) / pieceWidth * down
        guard pieces <= Self.maximumPieces,
            let offsets = try tags.numbers(isTiled ? 324 : 273, limit: pieces),
            let counts = try tags.numbers(isTiled ? 325 : 279, limit: pieces),
            offsets.count == pieces, counts.count == pieces
        else { return nil }
        self.offsets = offsets
        self.counts = counts
    }

    /// Whether rows lie in the file as they are.
    var isPlain: Bool { compression == .none && !hasDifferences && pieceWidth == width }

    /// Bytes held while rows are read: one row, or a row of pieces and one piece.
    var memory: Int {
        isPlain
            ? pieceRowBytes : pieceRowBytes * pieceHeight * (across + 1) + (counts.max() ?? 0)
    }

    /// Rows of a piece: a tile has all of them, the last strip may have fewer.
    func rows(in pieceRow: Int) -> Int {
        pieceWidth == width ? min(pieceHeight, height - pieceRow * pieceHeight) : pieceHeight
    }

    /// Checks that the pieces lie in the file and could hold their pixels.
    private func check(_ source: ByteSource) throws(MediaError) {
        // Of 2 bytes PackBits makes 128, of 1 deflate 1032; 12 bits of LZW stand for 4096 bytes.
        let ratio = [Compression.none: 1, .packBits: 64, .lzw: 2731][compression] ?? 1032
        for (index, (offset, count)) in zip(offsets, counts).enumerated() {
            let needed = pieceRowBytes * rows(in: index / across) / ratio
            guard source.contains(offset: offset, count: count), count >= needed else {
                throw MediaError.damaged(
                    source.path,
                    "strip or tile \(index) of \(count) bytes from byte \(offset) in a file of "
                        + "\(source.count)", expected: "at least \(needed) bytes in the file")
            }
        }
    }
}

/// The entries of a TIFF file's first directory.
private struct TIFFTags {
    private struct Entry {
        let kind, count: Int
        /// The bytes of the entry in which its value or its place stands.
        let field: [UInt8]
    }

    private static let maximumEntries = 4096

    let order: ByteOrder
    private let source: ByteSource
    private let isLong: Bool
    private var entries: [Int: Entry] = [:]

    /// Nil for what is no TIFF file.
    init?(_ source: ByteSource) throws(MediaError) {
        let start = try source.bytes(0, min(source.count, 16), of: "the TIFF header")
        guard let order = ByteOrder(start) else { return nil }
        let version = order.number(start, 2, 2)
        guard version == 42 || version == 43 && order.number(start, 4, 2) == 8 else { return nil }
        self.order = order
        self.source = source
        isLong = version == 43
        let place = isLong ? order.number(start, 8, 8) : order.number(start, 4, 4)
        let countBytes = isLong ? 8 : 2, entryBytes = isLong ? 20 : 12
        let head = try source.bytes(place, countBytes, of: "the TIFF directory")
        let count = order.number(head, 0, countBytes)
        guard count <= Self.maximumEntries else {
            throw MediaError.damaged(
                source.path, "\(count) entries in the TIFF directory",
                expected: "at most \(Self.maximumEntries)")
        }
        let table = try source.bytes(
            place + countBytes, count * entryBytes, of: "the TIFF directory")
        for index in 0..<count {
            let entry = Array(table[index * entryBytes..<(index + 1) * entryBytes])
            let fieldStart = isLong ? 12 : 8
            entries[order.number(entry, 0, 2)] = Entry(
                kind: order.number(entry, 2, 2),
                count: order.number(entry, 4, isLong ? 8 : 4), field: Array(entry[fieldStart...]))
        }
    }

    /// The first number of an entry; nil where there is none.
    func number(_ tag: Int) throws(MediaError) -> Int? { try numbers(tag, limit: .max)?.first }

    /// The numbers of an entry, at most `limit`; nil where there is none or it holds no whole
    /// numbers.
    func numbers(_ tag: Int, limit: Int) throws(MediaError) -> [Int]? {
        guard let entry = entries[tag], entry.count > 0,
            let bytes = [1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8][entry.kind]
        else { return nil }
        // One number is asked for where there is no limit.
        let count = limit == .max ? 1 : min(entry.count, limit)
        let isInside = entry.count <= entry.field.count / bytes
        let values =
            isInside
            ? entry.field
            : try source.bytes(
                order.number(entry.field, 0, entry.field.count), count * bytes, of: "tag \(tag)")
        return (0..<count).map { order.number(values, $0 * bytes, bytes) }
    }
}
