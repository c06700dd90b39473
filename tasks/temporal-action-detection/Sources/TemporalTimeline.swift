// SPDX-License-Identifier: Apache-2.0
import Regions
import Reports

/// The picture of detections over ground truth.
enum TemporalTimeline {
    /// SVG with one lane a class and video.
    static func svg(
        _ annotations: ActivityNetAnnotations, _ results: ActivityNetResults, labels: [String],
        subset: String, title: String
    ) -> String {
        let numbers = Dictionary(
            uniqueKeysWithValues: labels.enumerated().map { ($0.element, $0.offset) })
        let found = Dictionary(results.videos.map { ($0.id, $0.detections) }) { first, _ in first }
        let videos = annotations.videos.filter { $0.subset == subset }.map { video in
            TimelineChart.Video(
                name: video.id, duration: video.duration ?? 0,
                truths: video.annotations.compactMap { annotation in
                    numbers[annotation.label].map {
                        .init(
                            label: $0, start: annotation.segment.start, end: annotation.segment.end)
                    }
                },
                detections: (found[video.id] ?? []).compactMap { detection in
                    numbers[detection.label].map {
                        .init(
                            label: $0, start: detection.segment.start,
                            end: detection.segment.end, score: detection.score)
                    }
                })
        }
        return TimelineChart(title: title, labels: labels, videos: videos).svg()
    }
}
