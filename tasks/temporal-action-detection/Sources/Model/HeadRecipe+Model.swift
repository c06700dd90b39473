// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// A head as a recipe says.
extension HeadRecipe {
    /// The head at random weights.
    package func head(_ input: HeadInput, key: RandomKey) -> any TemporalHead {
        switch self {
        case .vsgn(let configuration): VSGNHead(configuration.with(input), key: key)
        case .actionFormer(let configuration):
            ActionFormerHead(configuration.with(input), key: key)
        }
    }

    /// How short clips are stitched to a magnified copy of themselves in windows of so many
    /// positions.
    package func stitching(length: Int) -> SelfStitching {
        guard case .vsgn(let configuration) = self else {
            return SelfStitching(windowLength: length, gap: 0, shortRatio: 0)
        }
        return SelfStitching(
            windowLength: length, gap: configuration.stitchingGap,
            shortRatio: configuration.stitches ? configuration.stitchingRatio : 0)
    }
}
