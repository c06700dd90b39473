// SPDX-License-Identifier: Apache-2.0
import CFFmpeg

/// A picture as films store it: a plane of 8-bit luma and two of colour differences, these often with one sample for
/// two or four pixels.
///
/// Colour samples lie in the middle of their pixels, which is how swscale, and so PyAV, decord and OpenCV, show films.
package struct PlanarPicture {
    /// One plane; rows are `stride` bytes apart, which is negative where the last comes first.
    package struct Plane {
        package var samples: UnsafePointer<UInt8>
        package var stride: Int

        package init(samples: UnsafePointer<UInt8>, stride: Int) {
            (self.samples, self.stride) = (samples, stride)
        }
    }

    /// How luma and colour differences become red, green and blue.
    package struct Colours: Hashable {
        /// Red from V, blue from U, and what green loses by U and by V, in 1/65,536, where luma takes 16...235 and
        /// differences 16...240: the numbers of swscale's tables.
        package var gains: [Int32]
        /// Whether samples use all of 0...255.
        package var isFullRange: Bool

        package init(gains: [Int32], isFullRange: Bool) {
            (self.gains, self.isFullRange) = (gains, isFullRange)
        }

        /// As the kernel takes it: what luma loses in 1/128, then gains in 1/8192.
        var matrix: [Int16] {
            let colour = (isFullRange ? 224.0 / 255 : 1) / 8
            let luma = isFullRange ? 8192 : 8192 * 255.0 / 219
            return [isFullRange ? 0 : 16 * 128, Int16(luma.rounded())]
                + [0, 2, 3, 1].map { Int16(clamping: Int((Double(gains[$0]) * colour).rounded())) }
        }
    }

    /// Pixels, each with a sample of luma.
    package var width, height: Int
    /// A colour sample stands for 2 to this power of pixels along a row and along a column.
    package var chromaShift: (x: Int, y: Int)
    /// Luma, blue difference, red difference.
    package var planes: [Plane]
    package var colours: Colours

    package init(
        width: Int, height: Int, chromaShift: (x: Int, y: Int), planes: [Plane], colours: Colours
    ) {
        (self.width, self.height) = (width, height)
        (self.chromaShift, self.planes, self.colours) = (chromaShift, planes, colours)
    }

    /// The decoder's current frame, nil where it is stored in another way; valid until the decoder goes on.
    init?(currentFrameOf video: OpaquePointer) {
        var frame = CFFPlanes()
        guard cff_video_planes(video, &frame) != 0, let luma = frame.luma, let blue = frame.blue,
            let red = frame.red
        else { return nil }
        self.init(
            width: Int(frame.width), height: Int(frame.height),
            chromaShift: (Int(frame.chroma_shift_x), Int(frame.chroma_shift_y)),
            planes: [
                Plane(samples: luma, stride: Int(frame.luma_stride)),
                Plane(samples: blue, stride: Int(frame.blue_stride)),
                Plane(samples: red, stride: Int(frame.red_stride)),
            ],
            colours: Colours(
                gains: [
                    frame.red_from_v, frame.blue_from_u, frame.green_from_u, frame.green_from_v,
                ],
                isFullRange: frame.is_full_range != 0))
    }
}
