// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Files
import Tensors
import Training

extension TemporalSource {
    /// The positions of a whole video without a tape, `[positions, D]`.
    ///
    /// - Parameters:
    ///   - video: Its place in ``videos(framesPerPosition:)``.
    ///   - encoder: The backbone; not used, and nil, with precomputed features.
    ///   - timer: Counts the reading of frames or features.
    ///   - report: Told of every few frames that are done.
    func positions(
        video: Int, isFlipped: Bool, encoder: FrameEncoder?, _ context: Context,
        timer: LoadTimer, report: (_ frames: Int) -> Void
    ) throws -> Tensor {
        switch (self, encoder) {
        case (.features(let files), _): return try timer.measure { try files.features(video) }
        case (.frames(let frames), let encoder?):
            let count = frames.index.videos[video].frames
            return try encoder.encode(count: count, context, report: report) { range in
                try timer.measure {
                    try input(video: video, frames: Array(range), isFlipped: isFlipped, encoder)
                }
            }
        case (.frames, nil): preconditionFailure("frames without a backbone")
        }
    }

    /// The backbone's input for some frames of a video.
    func input(
        video: Int, frames wanted: [Int], isFlipped: Bool, _ encoder: FrameEncoder
    ) throws(InputError) -> Tensor {
        guard case .frames(let frames) = self else {
            preconditionFailure("features have no frames")
        }
        return try encoder.input(wanted) { (indices, layout) throws(InputError) in
            try frames.tensor(
                video: video, frames: indices, isFlipped: isFlipped, tables: encoder.pixelTables,
                layout: layout)
        }
    }
}
