// SPDX-License-Identifier: Apache-2.0
package import Files

/// What a picture's header says, and what reading its pixels will cost, before any is decoded.
package struct ImageInfo: Sendable, Hashable {
    /// The file.
    package let path: String
    /// Size in pixels as stored, before any turn.
    package let width, height: Int
    /// The format's name, such as "PNG".
    package let format: String
    /// How the picture is to be turned to be shown.
    package let orientation: ImageOrientation
    /// Whether rows can be had without decoding the whole picture.
    package let isReadByRows: Bool
    /// Bytes needed beside the rows asked for: one row or strip, or the whole picture.
    package let memory: Int

    /// Sides of more pixels are taken for damage.
    package static let maximumSide = 1_000_000
    /// Pictures that FFmpeg decodes whole have at most so many pixels and this longest side.
    package static let wholeLimit = (pixels: 1 << 27, side: 32768)
    /// FFmpeg's frame of up to 64 bits a pixel, its copy where it is a film's, and the result.
    private static let wholeBytesAPixel = 14

    /// Size as shown, turned.
    package var shownSize: (width: Int, height: Int) {
        orientation.isTransposed ? (height, width) : (width, height)
    }

    /// Reads the header of a file.
    ///
    /// - Throws: One line for a file that is missing, no picture, or claims a size that its bytes
    ///   cannot hold.
    package static func probe(_ path: String) throws(InputError) -> ImageInfo {
        try ImageFormat.open(path).info
    }

    init(
        _ path: String, _ format: String, width: Int, height: Int,
        orientation: ImageOrientation = .upright, rowMemory: Int?
    ) throws(InputError) {
        guard (1...Self.maximumSide).contains(width), (1...Self.maximumSide).contains(height)
        else {
            throw InputError(
                path: path, found: "a \(format) of \(width) x \(height) pixels",
                expected: "sides of 1 to \(Self.maximumSide) pixels",
                remedy: "check the file or copy it again")
        }
        self.path = path
        self.format = format
        self.width = width
        self.height = height
        self.orientation = orientation
        isReadByRows = rowMemory != nil
        memory = rowMemory ?? Self.wholeBytesAPixel * width * height
    }

    /// Checks that the pixels can be read within `limit` bytes.
    ///
    /// - Throws: One line that says what is needed, and what to do.
    package func checkMemory(limit: Int) throws(InputError) {
        let isTooLarge =
            !isReadByRows
            && (width * height > Self.wholeLimit.pixels
                || max(width, height) > Self.wholeLimit.side)
        guard isTooLarge || memory > limit else { return }
        throw InputError(
            path: path,
            found: "a \(format) of \(width) x \(height) pixels that is read "
                + (isReadByRows ? "in strips" : "as a whole") + " and needs \(Self.size(memory))",
            expected: isTooLarge
                ? "at most \(Self.wholeLimit.pixels) pixels and sides of \(Self.wholeLimit.side)"
                : "at most \(Self.size(limit))",
            remedy: "convert it to PNG without interlacing, BMP, or TIFF in tiles or strips of "
                + "few rows, which are read a strip at a time")
    }

    private static func size(_ bytes: Int) -> String {
        let mebibytes = (bytes + 1 << 19) >> 20
        return mebibytes < 10240 ? "\(mebibytes) MiB" : "\(mebibytes >> 10) GiB"
    }
}

/// A picture file whose header has been read.
struct ImageFormat {
    let info: ImageInfo
    /// Whether rows come by the bands that are asked for; else they are red, green and blue.
    var choosesBands = false
    /// Makes the reader of rows.
    let rows: (PixelReading) throws(InputError) -> any RowSource

    static func open(_ path: String) throws(InputError) -> ImageFormat {
        try open(ByteSource(path: path))
    }

    static func open(_ source: ByteSource) throws(InputError) -> ImageFormat {
        guard source.count > 0 else {
            throw InputError(
                path: source.path, found: "an empty file", expected: "a picture",
                remedy: "fetch or copy the file again")
        }
        let start = try source.read(0, min(source.count, 32), of: "the header")
        if start.starts(with: PNGHeader.signature) { return try PNGHeader.format(source) }
        if start.starts(with: [0x42, 0x4D]), let bitmap = try BMPHeader.format(source) {
            return bitmap
        }
        if ByteOrder(start) != nil, let tiff = try TIFFHeader.format(source) { return tiff }
        if start.starts(with: [0xFF, 0xD8, 0xFF]), let jpeg = try JPEGHeader.info(source) {
            return whole(jpeg)
        }
        let film = try VideoInfo.probe(source.path)
        return whole(
            try ImageInfo(
                source.path, film.codec, width: film.width, height: film.height, rowMemory: nil))
    }

    /// A picture that FFmpeg decodes.
    static func whole(_ info: ImageInfo) -> ImageFormat {
        ImageFormat(info: info) { reading throws(InputError) in
            try WholeRows(info, range: reading.range)
        }
    }
}

extension InputError {
    /// Damage found in a picture.
    static func damaged(_ path: String, _ found: String, expected: String) -> InputError {
        InputError(
            path: path, found: found, expected: expected, remedy: "fetch or copy the file again")
    }
}
