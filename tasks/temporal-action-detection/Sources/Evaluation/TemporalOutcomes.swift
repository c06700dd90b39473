// SPDX-License-Identifier: Apache-2.0
package import Files
import Metrics
import Regions
package import Reports

/// Which annotated segments the detections find and miss, and which segments they invent.
package struct TemporalOutcomes {
    /// The counts.
    package let report: OutcomeReport
    /// The picture of them.
    package let chart: TimelineChart

    /// The name of the picture in a run folder.
    package static let fileName = "timeline.svg"

    /// Matches the detections of a subset at tIoU 0.5, repeats merged.
    ///
    /// - Throws: One line where the subset has no annotated segment.
    package init(
        _ annotations: ActivityNetAnnotations, _ results: ActivityNetResults, subset: String
    ) throws(InputError) {
        let items = try EvaluationItems(
            annotations, Self.merged(results), EvaluationOptions(subset: subset),
            groundTruthName: "annotations", predictionsName: "predictions")
        let names = items.labels + items.unknownLabels
        let outcomes = DetectionOutcomes(
            groundTruth: items.truths, predictions: items.guesses, labels: names.count)
        var report = OutcomeReport(
            outcomes, unit: "segments", overlap: "tIoU", items: "videos", names: names)
        report.pictures = [
            .init(file: Self.fileName, caption: "annotated and detected segments along time")
        ]
        let annotated = Dictionary(
            grouping: JudgedItem.all(items.truths, outcomes.truths), by: \.item.source)
        let detected = Dictionary(
            grouping: JudgedItem.all(items.guesses, outcomes.detections), by: \.item.source)
        self.report = report
        chart = TimelineChart(
            report,
            videos: items.videos.enumerated().map { number, video in
                let bars = (annotated[number] ?? [], detected[number] ?? [])
                return TimelineChart.Video(
                    name: video.id,
                    duration: video.duration ?? (bars.0 + bars.1).map(\.item.place.end).max() ?? 0,
                    annotated: bars.0, detected: bars.1)
            })
    }

    /// The detections without those that repeat a surer one of their class and video.
    private static func merged(_ results: ActivityNetResults) -> ActivityNetResults {
        let suppression = NonMaximumSuppression(.hard(threshold: DetectionOutcomes.overlap))
        var results = results
        for place in results.videos.indices {
            let detections = results.videos[place].detections
            let names = Array(Set(detections.map(\.label))).sorted()
            let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            results.videos[place].detections = suppression(
                detections.compactMap { detection in
                    numbers[detection.label].map {
                        Item(detection.segment, label: $0, score: detection.score)
                    }
                }
            ).map { .init(segment: $0.place, label: names[$0.label], score: $0.score) }
        }
        return results
    }
}
