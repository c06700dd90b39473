// SPDX-License-Identifier: Apache-2.0
import CFFmpeg
package import Files

/// What a file's headers say about its video stream.
package struct VideoInfo: Sendable, Hashable {
    /// The file.
    package let path: String
    /// Size in pixels as shown, that is after `rotation`.
    ///
    /// The pixels' aspect ratio is not applied.
    package let width: Int
    /// Height in pixels.
    package let height: Int
    /// Seconds that the container announces, nil where it does not say.
    ///
    /// That may be the length of the sound, or of a file that was cut off since:
    /// `VideoReader/length()` measures.
    package let announcedDuration: Double?
    /// Frames per second on average, or nil where unknown.
    ///
    /// Variable rates are common: choose frames by time.
    package let averageFrameRate: Double?
    /// FFmpeg's name of the codec, such as `h264`.
    package let codec: String
    /// FFmpeg's name of the container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    package let container: String
    /// Degrees clockwise by which the stored picture is turned to be shown: 0, 90, 180 or 270.
    package let rotation: Int
    /// Whether the stored picture is mirrored too.
    package let isMirrored: Bool
    /// Whether it has sound.
    package let hasAudio: Bool

    /// Whether this is a picture that doesn't move.
    package var isStill: Bool { container.hasSuffix("_pipe") || container == "image2" }

    /// Reads the headers of a file; decodes no more than FFmpeg needs to know the format.
    package static func probe(_ path: String) throws(InputError) -> VideoInfo {
        try Decoder(path: path, threads: 1).info
    }
}

extension VideoInfo {
    init(path: String, facts: CFFInfo, codec: String, container: String) {
        self.path = path
        width = Int(facts.width)
        height = Int(facts.height)
        announcedDuration = facts.duration >= 0 ? facts.duration : nil
        averageFrameRate = facts.frame_rate > 0 ? facts.frame_rate : nil
        self.codec = codec
        self.container = container
        let turn = FrameTurn(facts)
        rotation = turn.rotation
        isMirrored = turn.isMirrored
        hasAudio = facts.has_audio != 0
    }
}
