// SPDX-License-Identifier: Apache-2.0
import Regions
package import Tensors

/// The detections of a video whose features come bit by bit, in memory that does not depend on how
/// long it is.
package struct DetectionStream {
    /// Detections before the last suppression that are held for each one that may be kept.
    private static let candidatesPerDetection = 50
    private static let minimumCandidates = 20_000

    private let inference: TemporalInference
    private let duration: Double
    private let maximumCount: Int
    private var windows: FeatureWindows
    private var pool: CandidatePool

    /// A stream of `count` vectors.
    ///
    /// - Parameters:
    ///   - maximumCount: Detections kept in the end.
    ///   - duration: Seconds; detections are cut to it.
    init(
        _ inference: TemporalInference, windows: FeatureWindows, maximumCount: Int, duration: Double
    ) {
        self.inference = inference
        self.windows = windows
        self.maximumCount = maximumCount
        self.duration = duration
        let (wanted, overflow) = maximumCount.multipliedReportingOverflow(
            by: Self.candidatesPerDetection)
        pool = CandidatePool(limit: overflow ? .max / 4 : max(Self.minimumCandidates, wanted))
    }

    /// Adds the vectors that follow, `[n, D]`.
    package mutating func append(_ features: Tensor) {
        let inference = inference, duration = duration
        var found: [SegmentDetection] = []
        windows.append(features) { window, clip in
            found += inference.candidates(clip, at: window, duration: duration)
        }
        pool.add(found)
    }

    /// Ends the stream.
    ///
    /// - Returns: The detections by falling score, and the score from which on they are those of
    ///   all candidates; nil where none was dropped, or where all kept ones score higher.
    package mutating func finish() -> (
        detections: [ActivityNetResults.Detection], uncertainBelow: Double?
    ) {
        let detections = inference.merged(pool.take())
        let isFull = detections.count == maximumCount
        let lowest = isFull ? detections.last?.score ?? 0 : -.infinity
        let bound = pool.bestDropped.flatMap { lowest >= $0 ? nil : $0 }
        return (detections, bound)
    }
}
