// SPDX-License-Identifier: Apache-2.0
import Files

/// Something wrong or unusual in an annotation file.
package struct AnnotationIssue: Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// The end lies before the start.
        case reversed
        /// Start and end are the same.
        case empty
        /// A time is NaN or infinite (only strings can spell that).
        case notFinite
        /// The segment ends after the video.
        case beyondEnd
        /// The segment begins before the video.
        case beforeStart
        /// Repeats an earlier annotation: same label, both ends within 1 ms.
        case duplicate
        /// The label is not in the list of known ones.
        case unknownLabel
        /// The video has no annotations. Allowed: such videos are used for negatives.
        case noAnnotations
        /// The video's length is missing.
        case missingDuration
        /// The video's length is not a positive number.
        case badDuration
        /// The part of the source file is incomplete, reversed or of another length.
        case badPart
        /// A value is missing or has another JSON type.
        case wrongType
    }

    /// What was done about it.
    package enum Action: String, Sendable {
        /// Reading failed because of it.
        case rejected
        /// The annotation, or the whole video, was left out.
        case dropped
        /// The segment was cut to the video.
        case clipped
        /// Nothing: it is only mentioned.
        case kept
    }

    /// What is wrong.
    package let kind: Kind

    /// The file, as named by the caller.
    package let file: String

    /// The line where the annotation, or the video, begins, from 1.
    package let line: Int

    /// The video's id.
    package let video: String

    /// Position in the video's list, from 0; nil where the video itself is meant.
    package let index: Int?

    /// What was found.
    package let found: String

    /// What was expected.
    package let expected: String

    /// What was done about it.
    package let action: Action

    /// One line: file, line, video, index, found, expected, action.
    package var description: String {
        let place = index.map { "annotation \($0)" } ?? "video"
        return "\(file): line \(line): \(MessageText.quoted(video)): \(place): found \(found); "
            + "expected \(expected); \(action.rawValue)"
    }
}

/// How strictly an annotation file is read.
///
/// By default every fault stops reading, except an overrun of the video's ends by at most
/// ``endTolerance``, which is cut off, and a video without annotations, which is only mentioned.
package struct AnnotationOptions: Sendable, Equatable {
    /// Only videos of this subset are read; all with nil.
    package var subset: String?

    /// Videos that are passed over as if they were not there.
    package var excludedVideos: Set<String> = []

    /// The known labels; any label is known with nil.
    package var labels: [String]?

    /// Whether faults are counted instead of stopping.
    ///
    /// The annotation is dropped (for a fault of a video: the video); a segment that lies
    /// partly outside the video is cut to it.
    package var keepGoing = false

    /// Seconds by which a segment may leave the video; published files round their times.
    package var endTolerance = 0.5

    /// Whether segments are cut to the video.
    ///
    /// Training needs it; the ActivityNet evaluation scores segments as they are.
    package var clipsToDuration = true

    /// Whether every video must state its length; the evaluation does without.
    package var requiresDuration = true

    /// Whether lengths that are not stated are asked for, and a video without an answer left out.
    package var asksForDurations = false

    /// Whether segments without length and repeated ones are kept and only mentioned.
    ///
    /// The ActivityNet evaluation scores them like any other.
    package var keepsDegenerate = false

    /// The strict reading that training uses.
    package init() {}

    /// The reading for the evaluation: nothing is cut or left out, and lengths are optional.
    package static var evaluation: AnnotationOptions {
        var options = AnnotationOptions()
        options.clipsToDuration = false
        options.requiresDuration = false
        options.keepsDegenerate = true
        return options
    }
}
