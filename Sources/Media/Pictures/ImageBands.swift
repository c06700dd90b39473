// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Rows of a picture, whole: red, green and blue bytes.
package struct PixelBand: Sendable, Equatable {
    /// Which rows of the picture.
    package let rows: Range<Int>
    /// Pixels a row.
    package let width: Int
    /// `[rows, width, 3]`.
    package var pixels: [UInt8]

    /// A band.
    ///
    /// - Precondition: Three bytes a pixel.
    package init(rows: Range<Int>, width: Int, pixels: [UInt8]) {
        precondition(
            pixels.count == 3 * width * rows.count,
            "\(pixels.count) bytes for rows \(rows) of \(width) pixels")
        self.rows = rows
        self.width = width
        self.pixels = pixels
    }

    /// The pixels of a window, `[height, width, 3]`.
    ///
    /// - Precondition: The window lies in the band.
    package func window(x: Int, y: Int, width: Int, height: Int) -> [UInt8] {
        precondition(
            x >= 0 && width > 0 && x + width <= self.width && height > 0 && y >= rows.lowerBound
                && y + height <= rows.upperBound,
            "a window of \(width) x \(height) at \(x), \(y) in rows \(rows) of \(self.width)")
        var result: [UInt8] = []
        result.reserveCapacity(3 * width * height)
        for row in y..<y + height {
            let start = 3 * ((row - rows.lowerBound) * self.width + x)
            result.append(contentsOf: pixels[start..<start + 3 * width])
        }
        return result
    }
}

/// Gives the rows of a picture band by band, of formats that allow it without holding the others.
///
/// PNG (not interlaced), BMP (uncompressed, 8, 24 and 32 bits) and TIFF (what libtiff reads) are read
/// in order from above, a row, strip or row of tiles at a time. Any other picture is decoded whole by
/// FFmpeg on the first call. Transparency is dropped, of 16 bits the upper 8 are kept unless
/// `PixelReading` says otherwise, and pixels are those stored: EXIF's turn is not made. Belongs to one
/// thread at a time.
package final class ImageBands {
    /// What the header says.
    package let info: ImageInfo

    private let format: ImageFormat
    private let reading: PixelReading
    private var source: (any RowSource)?
    private var band: PixelBand

    /// Memory that reading may take beside the rows asked for, where nothing else is said.
    package static let defaultMemoryLimit = 2 << 30

    /// Opens a picture; decodes nothing.
    ///
    /// - Parameters:
    ///   - reading: Which bands and samples become which colours.
    ///   - memoryLimit: The most bytes that may be needed beside the rows asked for.
    /// - Throws: One line for a file that cannot be used, and for one that needs more memory.
    package convenience init(
        _ path: String, _ reading: PixelReading = PixelReading(),
        memoryLimit: Int = ImageBands.defaultMemoryLimit
    ) throws(InputError) {
        try self.init(ImageFormat.open(path), reading, memoryLimit)
    }

    /// Opens a picture that is in memory, of a format that is read by rows; `name` stands for the
    /// file in messages.
    package convenience init(
        bytes: [UInt8], name: String, _ reading: PixelReading = PixelReading(),
        memoryLimit: Int = ImageBands.defaultMemoryLimit
    ) throws(InputError) {
        try self.init(ImageFormat.open(ByteSource(bytes: bytes, path: name)), reading, memoryLimit)
    }

    private init(
        _ format: ImageFormat, _ reading: PixelReading, _ memoryLimit: Int
    ) throws(InputError) {
        self.format = format
        self.reading = reading
        info = format.info
        try info.checkMemory(limit: memoryLimit)
        band = PixelBand(rows: 0..<0, width: info.width, pixels: [])
    }

    /// The pixels of some rows.
    ///
    /// Quick where the first row never goes back: rows shared with the last band are kept, so that
    /// overlapping tiles decode nothing twice. Going back starts from above again. Memory is lowest
    /// where the last band has been let go.
    ///
    /// - Precondition: `rows` is not empty and lies in the picture.
    /// - Throws: One line for damage.
    package func rows(_ rows: Range<Int>) throws(InputError) -> PixelBand {
        precondition(
            !rows.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= info.height,
            "rows \(rows) of a picture of \(info.height)")
        if band.rows.contains(rows.lowerBound), rows.upperBound <= band.rows.upperBound {
            guard rows != band.rows else { return band }
            return PixelBand(
                rows: rows, width: info.width,
                pixels: band.window(
                    x: 0, y: rows.lowerBound, width: info.width, height: rows.count))
        }
        let source: any RowSource
        if let opened = self.source { source = opened } else { source = try format.rows(reading) }
        self.source = source
        // After a failure the band is empty and nothing is kept.
        let last = band
        band = PixelBand(rows: 0..<0, width: info.width, pixels: [])
        band = try next(rows, after: last, source)
        return band
    }

    /// What people should know of the samples that were read, one line; nil where it is nothing.
    ///
    /// Whole once every row has been read.
    package var notice: String? { source?.notice }

    /// Decodes every row, to know that all are there.
    ///
    /// - Throws: One line for damage.
    package func check() throws(InputError) {
        let step = max(1, min(info.height, (1 << 24) / (3 * info.width)))
        for start in stride(from: 0, to: info.height, by: step) {
            _ = try rows(start..<min(info.height, start + step))
        }
    }

    private func next(
        _ rows: Range<Int>, after last: consuming PixelBand, _ source: any RowSource
    ) throws(InputError) -> PixelBand {
        let rowBytes = 3 * info.width
        let shared =
            last.rows.contains(rows.lowerBound) ? rows.lowerBound..<last.rows.upperBound : 0..<0
        var pixels = last.pixels
        last = PixelBand(rows: 0..<0, width: 0, pixels: [])
        if shared.isEmpty {
            if source.nextRow != rows.lowerBound { try source.seek(to: rows.lowerBound) }
        } else {
            let count = shared.count * rowBytes
            // In place: a second band would double the memory.
            unsafe pixels.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                unsafe memmove(base, base + bytes.count - count, count)
            }
        }
        let wanted = rows.count * rowBytes
        if pixels.count > wanted { pixels.removeLast(pixels.count - wanted) }
        if pixels.count < wanted {
            pixels.append(contentsOf: [UInt8](repeating: 0, count: wanted - pixels.count))
        }
        for row in shared.count..<rows.count {
            try source.readRow(into: &pixels, at: row * rowBytes)
        }
        if !format.choosesBands, reading.bands != nil {
            let channels = try reading.channels(of: 3, path: info.path)
            for pixel in Swift.stride(from: shared.count * rowBytes, to: wanted, by: 3) {
                let colour = [pixels[pixel], pixels[pixel + 1], pixels[pixel + 2]]
                for index in 0..<3 { pixels[pixel + index] = colour[channels[index]] }
            }
        }
        return PixelBand(rows: rows, width: info.width, pixels: pixels)
    }
}

/// Gives a picture's rows one after the other.
protocol RowSource: AnyObject {
    /// The row that comes next.
    var nextRow: Int { get }

    /// Makes `row` the next one; decodes what lies before it where the format asks for that.
    func seek(to row: Int) throws(InputError)

    /// Writes the next row, three bytes a pixel, from `offset`.
    func readRow(into pixels: inout [UInt8], at offset: Int) throws(InputError)

    /// What people should know of the samples that were read.
    var notice: String? { get }
}

extension RowSource {
    var notice: String? { nil }
}

/// A picture that FFmpeg has decoded whole.
final class WholeRows: RowSource {
    private let clip: Clip
    private(set) var nextRow = 0

    init(_ info: ImageInfo, range: PixelReading.Range?) throws(InputError) {
        let reader = try VideoReader(path: info.path, resize: .original)
        guard range == nil || reader.sampleBits <= 8 else {
            throw InputError(
                path: info.path, found: "a \(info.format) of \(reader.sampleBits) bits a sample",
                expected: "TIFF or PNG where a range is given",
                remedy: "convert it to one of them, or leave --range (data.range) out")
        }
        clip = try reader.frames(at: [0])
        guard reader.warnings == 0, info.format != "JPEG" || JPEGHeader.hasEnd(info.path) else {
            throw InputError.damaged(
                info.path, "damaged or missing pixels, or a kind that FFmpeg does not decode",
                expected: "a whole picture")
        }
        guard clip.width == info.width, clip.height == info.height else {
            throw InputError.damaged(
                info.path, "pixels of \(clip.width) x \(clip.height)",
                expected: "\(info.width) x \(info.height) as its header says")
        }
    }

    func seek(to row: Int) { nextRow = row }

    func readRow(into pixels: inout [UInt8], at offset: Int) {
        let count = 3 * clip.width, start = nextRow * count
        pixels.replaceSubrange(offset..<offset + count, with: clip.pixels[start..<start + count])
        nextRow += 1
    }
}
