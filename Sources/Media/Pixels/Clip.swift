// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Decoded frames: RGB bytes in the order time, row, column, channel.
package struct Clip: Sendable, Hashable {
    /// Size in frames and pixels.
    package let frameCount, height, width: Int
    /// `[T, H, W, 3]`, 0 to 255.
    package internal(set) var pixels: [UInt8]
    /// Seconds from the film's first frame at which each frame really starts.
    package internal(set) var timestamps: [Double] = []
    /// Damaged packets and frames met on the way: nothing to worry about if 0.
    package internal(set) var warnings = 0
    /// How many of the frames repeat the first or last one, since the film has none at their time.
    package internal(set) var paddedFrames = 0
    /// The clock of the last frame written, while the clip is filled.
    var ticks: Int64 = .min

    init(frameCount: Int, height: Int, width: Int, pixels: [UInt8]) {
        self.frameCount = frameCount
        self.height = height
        self.width = width
        self.pixels = pixels
    }

    /// Bytes of one frame.
    private var frameBytes: Int { height * width * 3 }

    mutating func repeatFrame(at index: Int) {
        let size = frameBytes
        let start = index * size
        unsafe pixels.withUnsafeMutableBufferPointer { buffer in
            for position in start..<start + size {
                unsafe buffer[position] = unsafe buffer[position - size]
            }
        }
    }
}

/// The order of axes of a clip as a tensor.
package enum ClipLayout: Sendable, Hashable {
    /// `[3, T, H, W]`, for backbones that see time.
    case channelsFirst
    /// `[T, 3, H, W]`, for backbones that see one frame at a time.
    case framesFirst
}

/// What is subtracted from and divided out of the three channels, in units of 0 to 255.
package struct PixelNormalization: Sendable, Hashable {
    /// Of red, green and blue.
    package let mean, deviation: [Float]

    /// Statistics of the three channels.
    package init(mean: [Float], deviation: [Float]) {
        precondition(
            mean.count == 3 && deviation.count == 3 && !deviation.contains(0),
            "3 means and 3 deviations other than 0, not \(mean) and \(deviation)")
        self.mean = mean
        self.deviation = deviation
    }

    /// Pixels stay 0 to 255.
    package static let none = PixelNormalization(mean: [0, 0, 0], deviation: [1, 1, 1])
    /// ImageNet's statistics, as mmaction writes them.
    package static let imageNet = PixelNormalization(
        mean: [123.675, 116.28, 103.53], deviation: [58.395, 57.12, 57.375])
}

extension Clip {
    /// The pixels as float32, (value - mean) / deviation per channel.
    package func tensor(
        layout: ClipLayout = .channelsFirst, normalization: PixelNormalization = .none
    ) -> Tensor {
        tensor(layout: layout, tables: PixelTables(normalization))
    }

    /// The pixels as float32 by table.
    package func tensor(layout: ClipLayout, tables: PixelTables) -> Tensor {
        tables.tensor(
            pixels, frames: 0..<frameCount, height: height, width: width, layout: layout)
    }
}
