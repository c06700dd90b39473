// SPDX-License-Identifier: Apache-2.0
package import Files
import Regions
package import Tensors

/// The detections of a video whose features come bit by bit, in memory that does not depend on how
/// long it is.
package struct TemporalStream {
    /// Detections before the last suppression that are held for each one that may be kept.
    private static let candidatesPerDetection = 50
    private static let minimumCandidates = 20_000

    /// What is known of the video.
    struct Video: Sendable {
        var id: String
        var clock: VideoClock
        /// Seconds.
        var duration: Double
    }

    private let inference: TemporalInference
    private let video: Video
    private let maximumCount: Int
    private var windows: FeatureWindows
    private var pool: CandidatePool

    /// A stream of `count` vectors.
    ///
    /// - Parameters:
    ///   - maximumCount: Detections kept in the end.
    ///   - video: When its positions are; detections are cut to its length.
    init(
        _ inference: TemporalInference, windows: FeatureWindows, maximumCount: Int, video: Video
    ) {
        self.inference = inference
        self.windows = windows
        self.maximumCount = maximumCount
        self.video = video
        let (wanted, overflow) = maximumCount.multipliedReportingOverflow(
            by: Self.candidatesPerDetection)
        pool = CandidatePool(limit: overflow ? .max / 4 : max(Self.minimumCandidates, wanted))
    }

    /// Adds the vectors that follow, `[n, D]`.
    package mutating func append(_ features: Tensor) {
        let inference = inference, video = video
        var found: [Item<Segment>] = []
        windows.append(features) { window, clip in
            found += inference.candidates(clip, at: window, of: video)
        }
        pool.add(found)
    }

    /// Ends the stream.
    ///
    /// - Returns: The detections by falling score, and the score from which on they are those of
    ///   all candidates; nil where none was dropped, or where all kept ones score higher.
    /// - Throws: Where the recipe's file of class scores has none of the video.
    package mutating func finish() throws(InputError) -> (
        detections: [ActivityNetResults.Detection], uncertainBelow: Double?
    ) {
        let kept = inference.merged(pool.take())
        let lowest = kept.count == maximumCount ? kept.last?.score ?? 0 : -.infinity
        let bound = pool.bestDropped.flatMap { lowest >= $0 ? nil : $0 }
        return (try inference.named(kept, video: video.id), bound)
    }
}
