// SPDX-License-Identifier: Apache-2.0
package import Files
import Metrics
import Regions

extension TemporalEvaluation {
    /// What random segments score, by the same evaluator.
    ///
    /// The segments have the class priors and lengths of `training` (see
    /// `RandomSegmentBaseline`) and are scored against `evaluation`, both without blocked
    /// videos. `options.subset` selects from `evaluation` only.
    ///
    /// - Parameters:
    ///   - countPerVideo: segments drawn for each video; the detector's own number is fair.
    ///   - draws: independent draws to average over.
    /// - Returns: mean average precision at each threshold.
    /// - Throws: one line where either side has no segment, or a video to draw for states no
    ///   length.
    package static func randomBaseline(
        training: ActivityNetAnnotations, evaluation: ActivityNetAnnotations,
        options: EvaluationOptions = EvaluationOptions(), countPerVideo: Int = 100,
        draws: Int = 10, seed: UInt64 = 0
    ) throws(InputError) -> [Double] {
        let videos = evaluation.videos.filter {
            !options.blockedVideos.contains($0.id)
                && (options.subset == nil || $0.subset == options.subset)
        }
        let source = training.videos.filter { !options.blockedVideos.contains($0.id) }
        let labels = Set((videos + source).flatMap { $0.annotations.map(\.label) }).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        func segments(_ videos: [ActivityNetAnnotations.Video]) -> [Item<Segment>] {
            videos.enumerated().flatMap { number, video in
                video.annotations.compactMap { annotation in
                    numbers[annotation.label].map {
                        Item(annotation.segment, label: $0, in: number)
                    }
                }
            }
        }
        let truths = segments(videos)
        let templates = segments(source)
        guard !truths.isEmpty, !templates.isEmpty else {
            throw InputError(
                "the random baseline has \(templates.count) training and \(truths.count) "
                    + "evaluation segments; expected at least one of each, check the subsets")
        }
        var places: [RandomSegmentBaseline.Video] = []
        for (number, video) in videos.enumerated() {
            guard let duration = video.duration else {
                throw InputError(
                    "\(MessageText.quoted(video.id)) states no duration; expected seconds, "
                        + "which the random baseline draws within")
            }
            places.append(RandomSegmentBaseline.Video(id: number, duration: duration))
        }
        return RandomSegmentBaseline(training: templates).meanAveragePrecision(
            groundTruth: truths, videos: places, count: countPerVideo,
            thresholds: options.thresholds, draws: draws, seed: seed)
    }
}
