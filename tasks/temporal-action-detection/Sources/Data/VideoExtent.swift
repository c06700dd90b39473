// SPDX-License-Identifier: Apache-2.0
import Files
import Media

/// The seconds of a film that a video covers.
struct VideoExtent {
    /// Seconds, or part of its length, by which a video may differ from its annotation.
    private static let tolerance = (seconds: 1.0, part: 0.02)

    /// Seconds.
    let duration: Double
    /// Seconds by which the film is longer than annotated, where that is much.
    let surplus: Double?

    /// Compares an annotation with the length of its film.
    ///
    /// Where the annotation has the length of a sound that outlasts the pictures, the video ends
    /// with these.
    ///
    /// - Throws: One line where the film is shorter than annotated.
    init(
        _ video: ActivityNetAnnotations.Video, path: String, length: VideoLength
    ) throws(InputError) {
        let start = video.start ?? 0
        let rest = length.pictures - start
        guard let annotated = video.duration else {
            guard length.missing == nil else {
                throw InputError(VideoExtent.cutOff(path, length))
            }
            guard rest > 0 else {
                throw InputError("\(path): has no picture; fetch or copy the file again")
            }
            duration = rest
            surplus = nil
            return
        }
        let allowed = max(Self.tolerance.seconds, Self.tolerance.part * annotated)
        guard rest > 0, annotated <= length.content - start + allowed else {
            throw InputError(
                "\(path): \(Self.text(rest)) s from \(Self.text(start)) s on, the annotation "
                    + "says \(Self.text(annotated)) s; correct the duration or the file")
        }
        duration = annotated <= rest + allowed ? annotated : rest
        surplus = video.end == nil && rest - annotated > allowed ? rest - annotated : nil
    }

    /// What is said of a film whose end is missing.
    static func cutOff(_ path: String, _ length: VideoLength) -> String {
        let announced = (length.missing ?? 0) + length.content
        return "\(path): announces \(text(announced)) s, but its last picture ends at "
            + "\(text(length.pictures)) s: it was cut off, or its header is wrong; fetch or copy "
            + "it again, or remux it"
    }

    /// Seconds to a hundredth.
    private static func text(_ seconds: Double) -> String {
        MessageText.number((seconds * 100).rounded() / 100)
    }
}
