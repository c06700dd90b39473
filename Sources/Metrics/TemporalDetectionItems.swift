// SPDX-License-Identifier: Apache-2.0
package import Regions

/// One annotated action.
package struct GroundTruthSegment: Sendable, Hashable {
    /// Any number that stands for the video.
    package var video: Int

    /// Index of the class.
    package var label: Int

    /// Where the action is, in the unit of the predictions.
    package var segment: Segment

    /// The action of class `label` in `video`.
    package init(video: Int, label: Int, segment: Segment) {
        self.video = video
        self.label = label
        self.segment = segment
    }
}

/// One predicted action.
package struct PredictedSegment: Sendable, Hashable {
    /// The number that stands for the video in the ground truth.
    package var video: Int

    /// Index of the class.
    package var label: Int

    /// Where the action is said to be.
    package var segment: Segment

    /// Confidence, higher is surer; finite.
    package var score: Double

    /// A prediction of class `label` in `video`.
    package init(video: Int, label: Int, segment: Segment, score: Double) {
        self.video = video
        self.label = label
        self.segment = segment
        self.score = score
    }
}
