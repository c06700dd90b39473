// SPDX-License-Identifier: Apache-2.0
import CFFmpeg
import Files

/// A picture as films store it: three parts, mostly luma and two colour differences, these often with one sample for
/// two or four pixels; or red, green and blue.
///
/// Parts are planes of bytes, or rows of any depth that are read one by one. Colour samples lie in
/// the middle of their pixels, which is how swscale, and so PyAV, decord and OpenCV, show films.
@safe package struct PlanarPicture {
    /// One plane; rows are `stride` bytes apart, which is negative where the last comes first.
    @safe package struct Plane {
        /// The first sample.
        package var samples: UnsafePointer<UInt8>
        /// Bytes from one row to the next.
        package var stride: Int

        /// A plane of samples.
        package init(samples: UnsafePointer<UInt8>, stride: Int) {
            unsafe (self.samples, self.stride) = unsafe (samples, stride)
        }
    }

    /// What the three parts are, and how they become red, green and blue.
    package enum Colours: Hashable {
        /// Luma, blue and red difference.
        ///
        /// Gains: red from V, blue from U, and what green loses by U and by V, in 1/65,536, where luma takes
        /// 16...235 and differences 16...240: the numbers of swscale's tables. Full range: samples use all of
        /// 0...255.
        case differences(gains: [Int32], isFullRange: Bool)
        /// Luma alone, the first plane.
        case grey(isFullRange: Bool)
        /// Luma, green and orange difference: YCgCo.
        case greenAndOrange(isFullRange: Bool)
        /// Red, green and blue.
        case primaries

        /// What luma loses in 1/128 of a level, and its gain in 1/8192.
        private static func luma(_ isFullRange: Bool) -> (loss: Int16, gain: Int16) {
            isFullRange ? (0, 8192) : (16 * 128, Int16((8192 * 255.0 / 219).rounded()))
        }

        /// As the kernel of differences takes it: what luma loses in 1/128, then gains in 1/8192; nil for
        /// other colours.
        var differenceMatrix: [Int16]? {
            switch self {
            case .differences(let gains, let isFullRange):
                let colour = (isFullRange ? 224.0 / 255 : 1) / 8
                let luma = Self.luma(isFullRange)
                return [luma.loss, luma.gain]
                    + [0, 2, 3, 1].map {
                        Int16(clamping: Int((Double(gains[$0]) * colour).rounded()))
                    }
            case .grey(let isFullRange):
                let luma = Self.luma(isFullRange)
                return [luma.loss, luma.gain, 0, 0, 0, 0]
            case .greenAndOrange, .primaries: return nil
            }
        }

        /// As the kernel of any matrix takes it: what each part loses in 1/128, then the rows of red, green
        /// and blue in 1/8192.
        var mixedMatrix: [Int16] {
            guard case .greenAndOrange(let isFullRange) = self else {
                return [0, 0, 0, 8192, 0, 0, 0, 8192, 0, 0, 0, 8192]
            }
            // ITU-T H.273: the differences are of colours that are already in luma's range.
            let (loss, gain) = Self.luma(isFullRange)
            return [loss, 16384, 16384, gain, -gain, gain, gain, gain, 0, gain, -gain, -gain]
        }
    }

    /// Writes `columns` of a part's row as levels times 128.
    package typealias RowReader = (
        _ part: Int, _ row: Int, _ columns: Range<Int>, _ levels: UnsafeMutablePointer<Int16>
    ) -> Void

    /// Pixels, each with a sample of luma.
    package var width, height: Int
    /// A colour sample stands for 2 to this power of pixels along a row and along a column.
    package var chromaShift: (x: Int, y: Int)
    /// The planes of the colours' parts, of 8-bit samples; empty where rows are read one by one.
    package var planes: [Plane]
    /// How samples become colours.
    package var colours: Colours
    /// Reads rows of samples that are stored in another way than planes of bytes.
    package var readRow: RowReader?

    /// A picture in planes.
    package init(
        width: Int, height: Int, chromaShift: (x: Int, y: Int), planes: [Plane], colours: Colours,
        readRow: RowReader? = nil
    ) {
        (self.width, self.height) = (width, height)
        (self.chromaShift, self.planes, self.colours) = (chromaShift, planes, colours)
        unsafe self.readRow = unsafe readRow
    }

    /// How many parts the colours have.
    var partCount: Int {
        if case .grey = colours { 1 } else { 3 }
    }

    /// The decoder's current frame; valid until the decoder goes on.
    init(currentFrameOf video: OpaquePointer, path: String) throws(InputError) {
        var frame = CFFPicture()
        let status = unsafe cff_video_picture(video, &frame)
        guard status == 0 else {
            throw InputError(status: status, path: path, while: "reading the pixels")
        }
        let isFullRange = frame.is_full_range != 0
        let colours: Colours =
            switch Int(frame.colours) {
            case CFF_GREY: .grey(isFullRange: isFullRange)
            case CFF_GREEN_ORANGE: .greenAndOrange(isFullRange: isFullRange)
            case CFF_PRIMARIES, CFF_GREEN_BLUE_RED: .primaries
            default:
                .differences(
                    gains: [
                        frame.red_from_v, frame.blue_from_u, frame.green_from_u, frame.green_from_v,
                    ], isFullRange: isFullRange)
            }
        let stored = unsafe [
            (frame.samples.0, frame.strides.0), (frame.samples.1, frame.strides.1),
            (frame.samples.2, frame.strides.2),
        ]
        let planes = unsafe stored.compactMap { samples, stride in
            unsafe samples.map { unsafe Plane(samples: $0, stride: Int(stride)) }
        }
        let isDirect = frame.is_direct != 0
        unsafe self.init(
            width: Int(frame.width), height: Int(frame.height),
            chromaShift: (Int(frame.chroma_shift_x), Int(frame.chroma_shift_y)),
            planes: isDirect ? planes : [], colours: colours,
            readRow: isDirect
                ? nil
                : { part, row, columns, levels in
                    unsafe cff_video_row(
                        video, Int32(clamping: part), Int32(clamping: row),
                        Int32(clamping: columns.lowerBound), Int32(clamping: columns.count), levels)
                })
    }
}
