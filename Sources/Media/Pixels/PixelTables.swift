// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Bytes to network input: for each channel the value of each of 256 bytes.
///
/// Exact, and quicker than a division a pixel.
package struct PixelTables: Sendable {
    private let values: [[Float]]

    /// (byte - mean) / deviation, both in units of 0 to 255.
    package init(_ normalization: PixelNormalization) {
        values = (0..<3).map { channel in
            (0..<256).map {
                (Float($0) - normalization.mean[channel]) / normalization.deviation[channel]
            }
        }
    }

    /// (byte / 255 - mean) / deviation, computed in float64.
    ///
    /// - Parameters:
    ///   - mean: Of R, G and B, for values 0 to 1.
    ///   - deviation: Of R, G and B, for values 0 to 1, other than 0.
    package init(mean: [Double], deviation: [Double]) {
        precondition(
            mean.count == 3 && deviation.count == 3 && !deviation.contains(0),
            "3 means and 3 deviations other than 0, not \(mean) and \(deviation)")
        values = (0..<3).map { channel in
            (0..<256).map { Float((Double($0) / 255 - mean[channel]) / deviation[channel]) }
        }
    }

    /// Frames of RGB bytes as float32.
    ///
    /// - Parameters:
    ///   - bytes: Whole frames `[T, height, width, 3]`.
    ///   - frames: Which of the T frames, in the order of the result.
    ///   - isFlipped: Whether left and right are exchanged.
    /// - Returns: `[3, frames, height, width]` or `[frames, 3, height, width]`.
    package func tensor(
        _ bytes: some Collection<UInt8>, frames: some Collection<Int>, height: Int, width: Int,
        layout: ClipLayout, isFlipped: Bool = false
    ) -> Tensor {
        let plane = height * width, count = frames.count
        precondition(
            frames.allSatisfy { $0 >= 0 && ($0 + 1) * plane * 3 <= bytes.count },
            "frames \(Array(frames.prefix(3)))... of \(bytes.count) bytes, \(height) x \(width)")
        let isChannelsFirst = layout == .channelsFirst
        let shape =
            isChannelsFirst ? [3, count, height, width] : [count, 3, height, width]
        // A row is read from its end where it is mirrored.
        let step = isFlipped ? -3 : 3, first = isFlipped ? 3 * (width - 1) : 0
        func fill(_ output: UnsafeMutableBufferPointer<Float>, _ input: UnsafeBufferPointer<UInt8>)
        {
            for (position, frame) in frames.enumerated() {
                for channel in 0..<3 {
                    var target =
                        (isChannelsFirst ? channel * count + position : position * 3 + channel)
                        * plane
                    unsafe values[channel].withUnsafeBufferPointer { table in
                        for row in 0..<height {
                            var source = (frame * plane + row * width) * 3 + first + channel
                            for _ in 0..<width {
                                unsafe output[target] = unsafe table[Int(input[source])]
                                target &+= 1
                                source &+= step
                            }
                        }
                    }
                }
            }
        }
        return unsafe Tensor(shape: shape) { output in
            let isContiguous: Void? = bytes.withContiguousStorageIfAvailable {
                unsafe fill(output, $0)
            }
            if isContiguous == nil {
                unsafe Array(bytes).withUnsafeBufferPointer { unsafe fill(output, $0) }
            }
        }
    }
}
