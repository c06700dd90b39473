// SPDX-License-Identifier: Apache-2.0
import Files
package import Tensors
import Training

/// What a recipe's head is made for.
package struct HeadInput: Sendable {
    /// Channels of the features.
    package var width: Int
    /// Classes without background.
    package var classCount: Int
    /// Positions of a window.
    package var windowLength: Int
    /// The score that candidates must exceed.
    package var scoreThreshold: Double

    /// The sizes.
    package init(width: Int, classCount: Int, windowLength: Int, scoreThreshold: Double) {
        self.width = width
        self.classCount = classCount
        self.windowLength = windowLength
        self.scoreThreshold = scoreThreshold
    }
}

/// What a head suppresses repetitions by unless the recipe says otherwise.
package struct SuppressionDefaults: Sendable {
    /// The score that detections must reach.
    package var minimumScore: Double
    /// σ of the Gaussian suppression.
    package var softSigma: Double
    /// tIoU of the hard suppression inside a window; 1: none.
    package var hardThreshold: Double
}

/// The recipe's `head` section, whichever head it names.
package protocol HeadSettings: Sendable {
    /// The published post-processing.
    static var suppression: SuppressionDefaults { get }

    /// The head at random weights.
    func head(_ input: HeadInput, key: RandomKey) -> any DetectionHead

    /// How short clips are stitched to a magnified copy of themselves in windows of so many
    /// positions.
    func stitching(length: Int) -> SelfStitching
}

extension HeadSettings {
    /// No clip is short enough.
    package func stitching(length: Int) -> SelfStitching {
        SelfStitching(windowLength: length, gap: 0, shortRatio: 0)
    }
}

/// The heads by name.
package enum HeadCatalog {
    /// The names that recipes use.
    package static let names = ["vsgn", "actionformer"]

    /// Reads the section `head`.
    static func settings(_ section: RecipeReader) throws(InputError) -> any HeadSettings {
        switch try section.choice("name", default: "vsgn", among: names) {
        case "actionformer": try ActionFormerSettings(section)
        default: try VSGNSettings(section)
        }
    }
}
