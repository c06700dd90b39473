// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Files
import Regions
package import Tensors

/// From the features of a whole video to its detections: windows, head, merging, suppression.
package struct TemporalInference {
    private let detector: TemporalDetector
    private let recipe: TemporalRecipe
    private let scores: VideoScores?

    /// Inference with a detector as its recipe says.
    ///
    /// - Throws: Where the recipe's file of class scores can't be used.
    package init(_ detector: TemporalDetector, _ recipe: TemporalRecipe) throws {
        self.detector = detector
        self.recipe = recipe
        let post = recipe.postProcessing
        scores = try post.videoScores.map {
            try VideoScores($0, count: post.videoClasses, labels: detector.labels)
        }
    }

    /// Makes sure before the work that a recipe's file of class scores has every video.
    ///
    /// - Throws: One line for the first that it lacks.
    func requireScores(of videos: [String]) throws(InputError) { try scores?.require(videos) }

    /// The detections of a video.
    ///
    /// - Parameters:
    ///   - features: `[positions, D]`.
    ///   - clock: When the frames or vectors behind them are.
    ///   - duration: Seconds; detections are cut to it.
    ///   - video: The id, by which a file of class scores knows it.
    /// - Returns: By falling score.
    /// - Throws: Where that file has no scores of the video.
    package func detections(
        features: Tensor, clock: VideoClock, duration: Double, video: String
    ) throws -> [ActivityNetResults.Detection] {
        var stream = stream(
            positions: features.shape[0], clock: clock, duration: duration, video: video)
        stream.append(features)
        return try stream.finish().detections
    }

    /// The detections of a video whose features come bit by bit.
    ///
    /// - Parameters:
    ///   - positions: Vectors in all.
    ///   - clock: When the frames or vectors behind them are.
    ///   - duration: Seconds; detections are cut to it.
    ///   - video: The id, by which a file of class scores knows it.
    package func stream(
        positions: Int, clock: VideoClock, duration: Double, video: String
    ) -> TemporalStream {
        let own = recipe.data.windowPositions
        return TemporalStream(
            self,
            windows: FeatureWindows(
                count: positions, length: recipe.data.takesWholeVideos ? max(own, positions) : own,
                overlap: recipe.data.windowOverlap),
            maximumCount: recipe.postProcessing.maximumDetections,
            video: .init(id: video, clock: clock, duration: duration))
    }

    /// The detections in one window, in seconds of the video.
    ///
    /// - Parameters:
    ///   - features: `[window.count, D]`.
    ///   - window: Its place in the video.
    func candidates(
        _ features: Tensor, at window: Range<Int>, of video: TemporalStream.Video
    ) -> [Item<Segment>] {
        let stitching = recipe.head.stitching(
            length: max(recipe.data.windowPositions, window.count))
        let clip = features.reshaped(to: [1, window.count, features.shape[1]])
        let input = stitching.window(Variable(clip)).tensor
        let layout = stitching.layout(clipLength: window.count)
        let found = detector.head.detections(features: input, layouts: [layout])[0]
        let seconds = video.clock.window(first: Double(window.lowerBound * video.clock.group))
        let placed = stitching.detections(
            found, clipLength: window.count, margin: seconds.margin)
        return suppressed(placed).compactMap { candidate in
            seconds.seconds(candidate.place, duration: video.duration).map(candidate.moved)
        }
    }

    /// The hard suppression inside a window, where the recipe has one.
    private func suppressed(_ detections: [Item<Segment>]) -> [Item<Segment>] {
        let threshold = recipe.postProcessing.hardThreshold
        return threshold < 1
            ? NonMaximumSuppression(.hard(threshold: threshold))(detections) : detections
    }

    /// The detections of a video from those of its windows, by falling score.
    func merged(_ candidates: [Item<Segment>]) -> [Item<Segment>] {
        let post = recipe.postProcessing
        let soften = NonMaximumSuppression(
            .gaussian(sigma: post.softSigma), minimumScore: post.minimumScore,
            maximumCount: post.maximumDetections, classAgnostic: post.isClassAgnostic,
            votingThreshold: post.votingThreshold)
        return soften(candidates)
    }

    /// Detections under the names of their classes, those of the video where the head knows one.
    func named(
        _ kept: [Item<Segment>], video: String
    ) throws(InputError) -> [ActivityNetResults.Detection] {
        var kept = kept
        if let scores { kept = try scores.named(kept, video: video) }
        return kept.map {
            .init(segment: $0.place, label: detector.labels[$0.label], score: $0.score)
        }
    }
}
