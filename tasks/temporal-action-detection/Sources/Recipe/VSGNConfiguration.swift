// SPDX-License-Identifier: Apache-2.0

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

    /// The published head for features of one width and a number of classes.
    package init(inputWidth: Int, classCount: Int) {
        self.inputWidth = inputWidth
        self.classCount = classCount
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
