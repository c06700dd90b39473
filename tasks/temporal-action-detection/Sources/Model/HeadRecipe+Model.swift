// SPDX-License-Identifier: Apache-2.0
import Tensors

extension HeadRecipe {
    /// The head at random weights.
    func head(_ input: HeadInput, key: RandomKey) -> any TemporalHead {
        switch self {
        case .vsgn(let settings): VSGNHead(settings.configuration(input), key: key)
        case .actionFormer(let settings): ActionFormerHead(settings.configuration(input), key: key)
        }
    }

    /// How short clips are stitched to a magnified copy of themselves in windows of so many
    /// positions; without stitching no clip counts as short.
    package func stitching(length: Int) -> SelfStitching {
        guard case .vsgn(let settings) = self else {
            return SelfStitching(windowLength: length, gap: 0, shortRatio: 0)
        }
        return SelfStitching(
            windowLength: length, gap: settings.stitchingGap,
            shortRatio: settings.stitches ? settings.stitchingRatio : 0)
    }
}
