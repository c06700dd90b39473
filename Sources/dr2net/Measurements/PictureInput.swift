// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import CommandLineSupport
import Foundation
import Media
import Tensors

/// Pictures, frames of videos and preprocessed arrays as the input of a network.
struct PictureInput {
    /// Frames of each video, spread evenly.
    let frames: Int
    /// Side of the square pictures in pixels.
    let size: Int
    /// The network's pixel statistics.
    let normalization: PixelStatistics

    /// All files in one batch, `[N, 3, H, W]`.
    ///
    /// - Throws: where a file can't be read, or where sizes differ.
    func read(_ paths: [String]) throws -> Tensor {
        var parts: [Tensor] = []
        for path in paths {
            let part = try read(path)
            if let first = parts.first, first.shape.dropFirst() != part.shape.dropFirst() {
                throw CommandFailure(
                    "\(path): pictures of shape \(part.shape), expected [N, 3, H, W] as the first "
                        + "file's \(first.shape); give files of one size, or pictures and videos "
                        + "with --size")
            }
            parts.append(part)
        }
        return parts.count == 1 ? parts[0] : Tensor.joiningRows(parts)
    }

    private func read(_ path: String) throws -> Tensor {
        if PictureInput.isArray(path) {
            let tensor = try Npy.readTensor(path).converted(to: .float32)
            guard tensor.rank == 4, tensor.shape[1] == 3, tensor.count > 0 else {
                throw CommandFailure(
                    "\(path): the array is \(tensor.shape), expected preprocessed images "
                        + "[N, 3, H, W]")
            }
            return tensor
        }
        let reader = try VideoReader(
            path: path, resize: .shortSideThenCentreCrop(side: size, crop: size))
        let isStill =
            reader.info.container.hasSuffix("_pipe") || reader.info.container == "image2"
        // A still picture is one frame at time 0; a video gives the middles of equal parts.
        let duration = isStill ? nil : reader.info.duration
        let times = duration.map { seconds in
            (0..<frames).map { (Double($0) + 0.5) * seconds / Double(frames) }
        }
        let clip = try reader.frames(at: times ?? [0])
        return clip.tensor(layout: .framesFirst, normalization: pixelNormalization)
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
