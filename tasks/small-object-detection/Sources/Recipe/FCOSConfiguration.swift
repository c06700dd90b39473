// SPDX-License-Identifier: Apache-2.0

/// The sizes and thresholds of an FCOS head; the defaults are the published ones with the
/// improvements (centre-ness beside the regression, distances in strides, GIoU).
package struct FCOSConfiguration: Sendable {
    /// How a regressed number becomes a distance.
    package enum Distance: Sendable, Hashable {
        /// stride · max(x, 0).
        case rectified
        /// stride · e^x.
        case exponential
    }

    /// Classes.
    package var classCount: Int
    /// Levels of the pyramid, each with its own scale.
    package var levelCount: Int
    /// Channels of every layer.
    package var channels = 256
    /// Convolutions of each tower.
    package var towerDepth = 4
    /// Groups of the towers' group normalisation.
    package var normalizationGroups = 32
    /// The score that every class starts from (Lin et al., ICCV 2017, section 4.1).
    package var priorProbability = 0.01
    /// How a regressed number becomes a distance.
    package var distance = Distance.rectified
    /// What regressed boxes are measured by.
    package var boxLoss = BoxLoss.giou
    /// The focal loss's weight of positives and its exponent.
    package var focal = (alpha: 0.25, gamma: 2.0)
    /// Losses are divided by the positives of the batch, or by this number where they are fewer.
    ///
    /// Small batches of tiles need more than 1: else a tile with one object weighs as much as one
    /// with a hundred, background included.
    package var leastPositives = 1
    /// The weights of the three losses.
    package var lossWeights = (classification: 1.0, box: 1.0, centreness: 1.0)
    /// The score below which nothing is reported.
    package var scoreThreshold = 0.05
    /// Detections of one level of an image, the best ones.
    package var candidatesPerLevel = 1000
    /// Whether towers keep their input alone and run again in the backward pass.
    package var recomputesTowers = false

    /// The published head.
    package init(classCount: Int, levelCount: Int) {
        self.classCount = classCount
        self.levelCount = levelCount
    }

    func check() {
        precondition(
            classCount > 0 && levelCount > 0 && towerDepth >= 0 && normalizationGroups > 0
                && channels % normalizationGroups == 0 && priorProbability > 0
                && priorProbability < 1 && candidatesPerLevel > 0 && leastPositives > 0,
            "FCOS: \(self)")
    }
}
