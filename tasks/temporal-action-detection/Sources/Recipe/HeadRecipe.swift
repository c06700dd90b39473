// SPDX-License-Identifier: Apache-2.0
import Files
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
struct SuppressionDefaults: Sendable {
    /// The score that detections must reach.
    var minimumScore: Double
    /// σ of the Gaussian suppression.
    var softSigma: Double
    /// tIoU of the hard suppression inside a window; 1: none.
    var hardThreshold: Double
}

/// The recipe's `head` section, whichever head it names.
package enum HeadRecipe: Sendable {
    /// VSGN's head, with its self-stitching.
    case vsgn(VSGNSettings)
    /// ActionFormer's head.
    case actionFormer(ActionFormerSettings)

    /// The names that recipes use.
    package static let names = ["vsgn", "actionformer"]

    /// Reads the section `head`.
    init(_ section: RecipeReader) throws(InputError) {
        switch try section.choice("name", default: "vsgn", among: Self.names) {
        case "actionformer": self = .actionFormer(try ActionFormerSettings(section))
        default: self = .vsgn(try VSGNSettings(section))
        }
    }

    /// The published post-processing.
    var suppression: SuppressionDefaults {
        switch self {
        case .vsgn:
            SuppressionDefaults(minimumScore: 0.005, softSigma: 0.46, hardThreshold: 0.8)
        case .actionFormer:
            SuppressionDefaults(minimumScore: 0.001, softSigma: 0.5, hardThreshold: 1)
        }
    }
}
