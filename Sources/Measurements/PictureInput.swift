// SPDX-License-Identifier: Apache-2.0
package import Backbones
import Checkpoints
import Files
import Foundation
import Media
package import Tensors

/// Pictures, frames of videos and preprocessed arrays as the input of a network.
package struct PictureInput {
    /// Frames of each video, spread evenly.
    let frames: Int
    /// Side of the square pictures in pixels.
    let size: Int
    /// The network's pixel statistics.
    let normalization: PixelStatistics

    /// Input of square pictures of `size` pixels.
    package init(frames: Int, size: Int, normalization: PixelStatistics) {
        self.frames = frames
        self.size = size
        self.normalization = normalization
    }

    /// All files in one batch of pictures, `[N, 3, H, W]`.
    ///
    /// - Throws: where a file can't be read, or where sizes differ.
    package func read(_ paths: [String]) throws -> Tensor {
        try read(paths, "preprocessed images [N, 3, H, W]", rank: 4) { reader in
            // A still picture is one frame at time 0; a video gives the middles of equal parts.
            let duration = reader.info.isStill ? nil : try reader.length().pictures
            return try clip(reader, duration).tensor(
                layout: .framesFirst, normalization: pixelNormalization)
        }
    }

    /// All files in one batch of clips, `[N, 3, T, H, W]`, each over its whole video.
    ///
    /// - Throws: where a file can't be read or isn't a video, or where sizes differ.
    package func readClips(_ paths: [String]) throws -> Tensor {
        try read(paths, "preprocessed clips [N, 3, T, H, W]", rank: 5) { reader in
            guard !reader.info.isStill else {
                throw InputError("\(reader.info.path): a still picture; expected a video")
            }
            let frames = try clip(reader, reader.length().pictures).tensor(
                layout: .channelsFirst, normalization: pixelNormalization)
            return frames.reshaped(to: [1] + frames.shape)
        }
    }

    private func read(
        _ paths: [String], _ expected: String, rank: Int, _ decode: (VideoReader) throws -> Tensor
    ) throws -> Tensor {
        var parts: [Tensor] = []
        for path in paths {
            let part: Tensor
            if PictureInput.isArray(path) {
                part = try Npy.readTensor(path).converted(to: .float32)
                guard part.rank == rank, part.shape[1] == 3, part.count > 0 else {
                    throw InputError(
                        "\(path): the array is \(part.shape), expected \(expected)")
                }
            } else {
                part = try decode(
                    try VideoReader(
                        path: path, resize: .shortSideThenCentreCrop(side: size, crop: size)))
            }
            if let first = parts.first, first.shape.dropFirst() != part.shape.dropFirst() {
                throw InputError(
                    "\(path): input of shape \(part.shape), expected \(expected) as the first "
                        + "file's \(first.shape); give files of one size, or pictures and videos "
                        + "with --size")
            }
            parts.append(part)
        }
        return parts.count == 1 ? parts[0] : Tensor.joiningRows(parts)
    }

    /// The middles of equal parts of a video, or the first frame.
    private func clip(_ reader: VideoReader, _ duration: Double?) throws -> Clip {
        let times = duration.map { seconds in
            (0..<frames).map { (Double($0) + 0.5) * seconds / Double(frames) }
        }
        return try reader.frames(at: times ?? [0])
    }

    /// The statistics in units of 0 to 255.
    private var pixelNormalization: PixelNormalization {
        PixelNormalization(
            mean: normalization.mean.map { Float($0 * 255) },
            deviation: normalization.deviation.map { Float($0 * 255) })
    }

    /// Whether a file begins as `.npy` does.
    private static func isArray(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        let prefix = (try? handle.read(upToCount: 6)) ?? nil
        return prefix.map { $0 == Data([0x93]) + Data("NUMPY".utf8) } ?? false
    }
}
