// SPDX-License-Identifier: Apache-2.0

/// The sizes and thresholds of an ActionFormer head; the defaults are the published THUMOS14 ones.
package struct ActionFormerConfiguration: Sendable {
    /// D, the width of the input features.
    package var inputWidth: Int
    /// Classes without background.
    package var classCount: Int
    /// Channels of every layer.
    package var channels = 512
    /// Heads of each attention.
    package var heads = 4
    /// Convolutions before the first block.
    package var projections = 2
    /// Blocks at the finest level.
    package var stemBlocks = 2
    /// Tokens that a token attends to at each level, itself included, finest first; 1 or less: all.
    package var windows = [19, 19, 19, 19, 19, 19]
    /// The number of positions that the table of sines is made for; nil: no positions are added.
    package var positions: Int?
    /// Drop-path rate of both branches of every block; 0 also leaves their learned scales out.
    package var dropPathRate = 0.1
    /// Convolutions of the class and of the segment tower, the last one included.
    package var towerDepth = 3
    /// Reach of the centre sampling in strides; nil: a point may be anywhere in its action.
    package var centreRadius: Double? = 1.5
    /// The farther one of an action's ends that the points of each level find, in positions: from
    /// one bound to the next.
    package var rangeBounds = [0.0, 4, 8, 16, 32, 64, 10_000]
    /// The share of a class's target that goes to all classes and background.
    package var labelSmoothing = 0.0
    /// The weight of the segment loss.
    package var regressionWeight = 1.0
    /// The number of positive points that the moving loss normaliser begins with.
    package var initialNormalizer = 100.0
    /// The class probability above which a point is reported.
    package var scoreThreshold = 0.001
    /// The most candidates of a level.
    package var candidatesPerLevel = 2000
    /// The length in positions that a candidate must exceed.
    package var minimumLength = 0.05

    /// The published head for features of one width and a number of classes.
    package init(inputWidth: Int, classCount: Int) {
        self.inputWidth = inputWidth
        self.classCount = classCount
    }

    /// Levels of the pyramid.
    package var levels: Int { windows.count }
    /// Input positions between two points of the coarsest level.
    package var largestStride: Int { 1 << (levels - 1) }

    func check() {
        precondition(
            inputWidth > 0 && classCount > 0 && heads > 0 && channels % heads == 0
                && projections > 0 && stemBlocks >= 0 && levels > 0 && towerDepth > 0
                && rangeBounds.count == levels + 1 && initialNormalizer > 0
                && rangeBounds == rangeBounds.sorted() && (positions ?? 1) > 0,
            "ActionFormer: \(self)")
    }
}
