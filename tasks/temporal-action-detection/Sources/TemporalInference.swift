// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Regions
package import Tensors

/// From the features of a whole video to its detections: windows, head, merging, suppression.
package struct TemporalInference {
    private let detector: TemporalDetector
    private let recipe: TemporalRecipe

    /// Inference with a detector as its recipe says.
    package init(_ detector: TemporalDetector, _ recipe: TemporalRecipe) {
        self.detector = detector
        self.recipe = recipe
    }

    /// The windows of a video: starts at a constant step, the last one shifted back inside.
    package static func windows(frames: Int, length: Int, overlap: Double) -> [Range<Int>] {
        if frames <= length { return [0..<frames] }
        let step = max(1, Int(Double(length) * (1 - overlap)))
        var starts = Array(stride(from: 0, to: frames - length, by: step))
        starts.append(frames - length)
        return starts.map { $0..<$0 + length }
    }

    /// The detections of a video.
    ///
    /// - Parameters:
    ///   - features: `[frames, D]`.
    ///   - duration: Seconds; detections are cut to it.
    /// - Returns: By falling score.
    package func detections(features: Tensor, duration: Double) -> [ActivityNetResults.Detection] {
        var stream = stream(frames: features.shape[0], duration: duration)
        stream.append(features)
        return stream.finish().detections
    }

    /// The detections of a video whose features come bit by bit.
    ///
    /// - Parameters:
    ///   - frames: Vectors in all.
    ///   - duration: Seconds; detections are cut to it.
    package func stream(frames: Int, duration: Double) -> DetectionStream {
        DetectionStream(
            self,
            windows: FeatureWindows(
                count: frames, length: recipe.data.windowFrames,
                overlap: recipe.data.windowOverlap),
            maximumCount: recipe.postProcessing.maximumDetections, duration: duration)
    }

    /// The detections in one window, in seconds of the video.
    ///
    /// - Parameters:
    ///   - features: `[window.count, D]`.
    ///   - window: Its place in the video.
    func candidates(
        _ features: Tensor, at window: Range<Int>, duration: Double
    ) -> [SegmentDetection] {
        let stitching = recipe.head.stitching(length: recipe.data.windowFrames)
        let suppress = NonMaximumSuppression(.hard(threshold: recipe.postProcessing.hardThreshold))
        let clip = features.reshaped(to: [1, window.count, features.shape[1]])
        let input = stitching.window(Variable(clip)).tensor
        let layout = stitching.layout(clipLength: window.count)
        let found = detector.head.detections(features: input, layouts: [layout])[0]
        let own = stitching.detections(found, clipLength: window.count)
        let seconds = WindowSeconds(rate: recipe.data.rate, first: Double(window.lowerBound))
        return suppress(own).compactMap { candidate in
            seconds.seconds(candidate.segment, duration: duration).map {
                SegmentDetection(segment: $0, label: candidate.label, score: candidate.score)
            }
        }
    }

    /// The detections of a video from those of its windows, by falling score.
    func merged(_ candidates: [SegmentDetection]) -> [ActivityNetResults.Detection] {
        let post = recipe.postProcessing
        let soften = NonMaximumSuppression(
            .gaussian(sigma: post.softSigma), minimumScore: post.minimumScore,
            maximumCount: post.maximumDetections)
        return soften(candidates).map {
            .init(segment: $0.segment, label: detector.labels[$0.label], score: $0.score)
        }
    }
}
