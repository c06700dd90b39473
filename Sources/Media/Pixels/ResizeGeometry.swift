// SPDX-License-Identifier: Apache-2.0

/// The size in which frames are wanted.
///
/// Sides count pixels of the picture as shown.
package enum ResizeMode: Sendable, Hashable {
    /// As stored; frames of another size than the first are scaled to it.
    case original
    /// Scaled to this size whatever the proportions.
    case exact(width: Int, height: Int)
    /// Scaled so that the short side is `side` (the long one rounds to nearest), then a square of `crop` from the
    /// middle, rounding towards the top left. As mmaction's `Resize((-1, side))` and `CenterCrop(crop)`.
    case shortSideThenCentreCrop(side: Int, crop: Int)
}

/// How pixels are weighed when scaling.
///
/// Both average over all source pixels when they shrink.
package enum ResizeFilter: Sendable, Hashable {
    case bilinear
    case area
}

/// A frame's scaled size and the window cut from it.
struct ResizeGeometry: Hashable {
    var width, height: Int
    var left = 0
    var top = 0
    var cropWidth, cropHeight: Int

    static let maximumSide = 1 << 15

    /// The geometry for a frame of the given size, or nil if a side is out of range.
    init?(_ mode: ResizeMode, frameWidth: Int, frameHeight: Int) {
        guard (1...Self.maximumSide).contains(frameWidth),
            (1...Self.maximumSide).contains(frameHeight)
        else { return nil }
        switch mode {
        case .original:
            (width, height) = (frameWidth, frameHeight)
            (cropWidth, cropHeight) = (width, height)
        case .exact(let exactWidth, let exactHeight):
            (width, height) = (exactWidth, exactHeight)
            (cropWidth, cropHeight) = (width, height)
        case .shortSideThenCentreCrop(let side, let crop):
            guard (1...Self.maximumSide).contains(side), (1...side).contains(crop) else {
                return nil
            }
            let short = min(frameWidth, frameHeight)
            width = (frameWidth * side * 2 + short) / (2 * short)
            height = (frameHeight * side * 2 + short) / (2 * short)
            left = (width - crop) / 2
            top = (height - crop) / 2
            (cropWidth, cropHeight) = (crop, crop)
        }
        guard (1...Self.maximumSide).contains(width), (1...Self.maximumSide).contains(height)
        else { return nil }
    }
}
