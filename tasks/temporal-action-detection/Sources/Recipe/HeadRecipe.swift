// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

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

/// The recipe's `head` section: a head by name, its sizes but for those of its input.
package enum HeadRecipe: Sendable {
    /// VSGN.
    case vsgn(VSGNConfiguration)
    /// ActionFormer.
    case actionFormer(ActionFormerConfiguration)

    /// Reads the section.
    init(_ section: RecipeReader) throws(InputError) {
        switch try section.choice("name", default: "vsgn", among: ["vsgn", "actionformer"]) {
        case "actionformer": self = .actionFormer(try ActionFormerConfiguration(section))
        default: self = .vsgn(try VSGNConfiguration(section))
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
