// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// How VSGN scores classes.
package enum VSGNClassification: Sendable, Hashable {
    /// One softmax over background and classes, as published.
    case softmax
    /// Independent sigmoids under the focal loss, for overlapping classes.
    case sigmoid(alpha: Double, gamma: Double)
}

/// The sizes and thresholds of a VSGN head.
///
/// The defaults are the published THUMOS14 ones, but for what ``VSGNForm`` names.
package struct VSGNConfiguration: Sendable {
    /// D, the width of the input features.
    package var inputWidth: Int
    /// Classes without background.
    package var classCount: Int
    /// Channels of every layer.
    package var channels = 256
    /// Levels of the pyramid.
    package var levels = 5
    /// The stride of the first convolution: 2 as published, 1 for short segments.
    package var stemStride = 2
    /// Anchor lengths in strides of their level.
    package var anchorScales = [1.0, 1.5]
    /// Neighbours in the graph, the position itself included; 0 leaves the graph out.
    package var neighbours = 12
    /// How many neighbours of a stitched window must be cross-scale.
    package var crossScaleNeighbours = 6
    /// Convolutions of each anchor tower.
    package var towerDepth = 4
    /// Groups of the towers' group normalisation.
    package var normalizationGroups = 32
    /// The overlap that makes a match for regression and classification.
    package var matchThreshold = 0.5
    /// The overlap that makes a match for the boundary adjustment.
    package var boundaryThreshold = 0.7
    /// What is added to `end - start` to give a length: 1 as published (both ends counted),
    /// 0 for continuous time, which suits segments of a few positions better.
    package var lengthOffset = 1.0
    /// Positions on either side of a start or an end that count as its region.
    package var boundaryRadius = 1.5
    /// How classes are scored.
    package var classification = VSGNClassification.softmax
    /// Whose details the head has where the published codes differ.
    package var form = VSGNForm.dr2net
    /// The weights of classification, regression, boundary adjustment, and each of the
    /// action, start and end losses.
    package var lossWeights = (
        classification: 1.0, regression: 1.0, boundary: 1.0, supplementary: 0.2
    )
    /// The class probability below which nothing is reported.
    package var scoreThreshold = 0.005
    /// Whether the recipe gives ``scoreThreshold``, not the input.
    private var hasOwnThreshold = false
    /// Whether short clips are stitched to a magnified copy of themselves.
    package private(set) var stitches = false
    /// Zeros between the two copies.
    package private(set) var stitchingGap = 3
    /// Clips up to this part of the window are stitched.
    package private(set) var stitchingRatio = 0.4

    /// The published head for features of one width and a number of classes.
    package init(inputWidth: Int, classCount: Int) {
        self.inputWidth = inputWidth
        self.classCount = classCount
    }

    /// Reads and checks the recipe's `head` section; the defaults suit segments of a few positions.
    init(_ reader: RecipeReader) throws(InputError) {
        self.init(inputWidth: 1, classCount: 1)
        form = try reader.value("form", default: VSGNForm.dr2net)
        channels = try reader.value("channels", default: 256, in: 32...4096)
        guard channels % 32 == 0 else {
            throw reader.error("channels", "is \(channels); expected a multiple of 32")
        }
        levels = try reader.value("levels", default: 5, in: 1...12)
        stemStride = try reader.value("stemStride", default: 1, in: 1...2)
        anchorScales = try reader.value("anchorScales", default: [1, 1.5], in: 0.01...1000)
        neighbours = try reader.value("neighbours", default: 12, in: 0...256)
        // The nearest half lies anywhere; the rest, the larger half of an odd count, is limited.
        crossScaleNeighbours = max(0, min(neighbours - 1, neighbours - neighbours / 2))
        towerDepth = try reader.value("towerDepth", default: 4, in: 0...16)
        matchThreshold = try reader.value("matchThreshold", default: 0.5, in: 0.01...1)
        boundaryThreshold = try reader.value("boundaryThreshold", default: 0.7, in: 0.01...1)
        boundaryRadius = try reader.value("boundaryRadius", default: 1.5, in: 0.1...1000)
        lengthOffset = try reader.value("countsBothEnds", default: false) ? 1 : 0
        let kind = try reader.choice(
            "classification", default: "softmax", among: ["softmax", "sigmoid"])
        if kind == "sigmoid" {
            classification = .sigmoid(
                alpha: try reader.value("focalAlpha", default: 0.25, in: 0.01...1), gamma: 2)
        }
        lossWeights.supplementary = try reader.value(
            "supplementaryWeight", default: 0.2, in: 0...100)
        if let threshold = try reader.optionalNumber("classThreshold", in: 0...1) {
            (scoreThreshold, hasOwnThreshold) = (threshold, true)
        }
        let stitching = try reader.section("stitching")
        stitches = try stitching.value("enabled", default: false)
        stitchingGap = try stitching.value("gap", default: 3, in: 0...10_000)
        stitchingRatio = try stitching.value("shortRatio", default: 0.4, in: 0...0.49)
    }

    /// The same head for an input.
    package func with(_ input: HeadInput) -> VSGNConfiguration {
        var result = self
        result.inputWidth = input.width
        result.classCount = input.classCount
        if !hasOwnThreshold { result.scoreThreshold = input.scoreThreshold }
        return result
    }

    /// Input positions between two positions of the finest level.
    package var baseStride: Int { 2 * stemStride }
    /// Input positions between two positions of the coarsest level.
    package var largestStride: Int { baseStride << (levels - 1) }
    /// Class logits of an anchor.
    var logitCount: Int { classification == .softmax ? classCount + 1 : classCount }

    func check() {
        precondition(
            inputWidth > 0 && classCount > 0 && levels > 0 && stemStride > 0 && towerDepth >= 0
                && normalizationGroups > 0 && channels % normalizationGroups == 0
                && neighbours >= 0 && crossScaleNeighbours >= 0
                && (neighbours == 0 || crossScaleNeighbours < neighbours),
            "VSGN: \(self)")
    }
}
