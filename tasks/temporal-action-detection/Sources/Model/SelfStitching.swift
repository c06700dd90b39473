// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Regions
import Tensors

/// Video self-stitching: a short clip stands beside a magnified copy of itself.
///
/// The clip lies at the left of the window, then a gap of zeros, then the clip linearly
/// upsampled to fill the rest (Zhao, Thabet, Ghanem, ICCV 2021, section 3.2).
package struct SelfStitching: Sendable {
    /// T, positions of a window.
    package var windowLength: Int
    /// Zeros between the two copies; 30 of 1280 as published.
    package var gap: Int
    /// Clips up to this part of the window are stitched.
    package var shortRatio: Double

    /// Stitching for windows of one length.
    package init(windowLength: Int, gap: Int, shortRatio: Double = 0.4) {
        precondition(
            windowLength > 0 && gap >= 0 && shortRatio >= 0 && shortRatio < 1,
            "stitching: window \(windowLength), gap \(gap), ratio \(shortRatio)")
        self.windowLength = windowLength
        self.gap = gap
        self.shortRatio = shortRatio
    }

    /// Whether a clip of `length` positions is stitched.
    package func stitches(_ length: Int) -> Bool {
        Double(length) <= shortRatio * Double(windowLength)
            && windowLength - length - gap > length
    }

    /// The layout of the window that a clip becomes.
    package func layout(clipLength: Int) -> WindowLayout {
        stitches(clipLength)
            ? WindowLayout(validLength: windowLength, magnifiedStart: clipLength + gap)
            : WindowLayout(validLength: min(clipLength, windowLength))
    }

    /// Positions of the magnified copy for each position of the clip.
    ///
    /// Aligned corners put position p of the clip's n at p (m - 1) / (n - 1) of the copy's m. VSGN's
    /// code takes p m / n, rounded.
    private func magnification(_ clipLength: Int) -> Double {
        Double(windowLength - clipLength - gap - 1) / Double(max(1, clipLength - 1))
    }

    /// The window `[1, T, D]` of a clip `[1, n, D]`; one too long for stitching gets zeros behind.
    package func window(_ clip: Variable) -> Variable {
        let (length, width) = (clip.shape[1], clip.shape[2])
        precondition(
            clip.shape[0] == 1 && length > 0 && length <= windowLength,
            "stitching: a clip of shape \(clip.shape) for \(windowLength) positions")
        func zeros(_ count: Int) -> [Variable] {
            count == 0
                ? [] : [Variable(Tensor(zeros: [1, count, width], dtype: clip.tensor.dtype))]
        }
        guard stitches(length) else {
            return .concatenated([clip] + zeros(windowLength - length), axis: 1)
        }
        let copy = clip.interpolated(to: windowLength - length - gap, .linearAligned)
        return .concatenated([clip] + zeros(gap) + [copy], axis: 1)
    }

    /// The actions of a stitched window: each on the clip and on its magnified copy.
    package func targets(_ targets: [Item<Segment>], clipLength: Int) -> [Item<Segment>] {
        guard stitches(clipLength) else { return targets }
        let scale = magnification(clipLength), shift = Double(clipLength + gap)
        return targets
            + targets.map {
                $0.moved(
                    to: Segment(
                        start: shift + $0.place.start * scale, end: shift + $0.place.end * scale))
            }
    }

    /// The detections of a window in positions of its clip.
    ///
    /// Those that start behind the clip are shifted and shrunk: one that starts a little before the
    /// magnified copy begins with the clip. All are clipped to the clip, and what is left empty is
    /// dropped.
    ///
    /// - Parameter margin: How far the clip reaches beyond its first and last position.
    package func detections(
        _ detections: [Item<Segment>], clipLength: Int, margin: Double = 0
    ) -> [Item<Segment>] {
        let last = Double(clipLength - 1) + margin
        let scale = magnification(clipLength), shift = Double(clipLength + gap)
        let isStitched = stitches(clipLength)
        return detections.compactMap { detection in
            var result = detection
            if isStitched && detection.place.start >= Double(clipLength) {
                result.place.start = (detection.place.start - shift) / scale
                result.place.end = (detection.place.end - shift) / scale
            }
            result.place = Segment(
                start: min(max(result.place.start, -margin), last),
                end: min(max(result.place.end, -margin), last))
            return result.isValid ? result : nil
        }
    }
}
