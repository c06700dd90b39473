// SPDX-License-Identifier: Apache-2.0
import Regions
import TextFormats

/// Detections as comma-separated values: a line a detection, times in seconds.
package enum TemporalTable {
    /// The names of the columns.
    static let header = ["video", "start", "end", "label", "score"]

    /// The file's text: the videos by id, the detections best first, as in the JSON file.
    package static func text(_ results: ActivityNetResults) -> String {
        CSVText.line(header) + results.ordered.map(lines).joined()
    }

    /// The lines of a video, its detections in their order.
    static func lines(_ video: ActivityNetResults.Video) -> String {
        video.detections.map { detection in
            CSVText.line([
                video.id, ActivityNetResults.milliseconds(detection.segment.start),
                ActivityNetResults.milliseconds(detection.segment.end), detection.label,
                ActivityNetResults.sixDigits(detection.score),
            ])
        }.joined()
    }
}
