// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An axis-aligned rectangle `(x1, y1) ..< (x2, y2)` in pixels; y grows downwards.
///
/// Nothing forbids `x2 <= x1`: predictions come from networks and annotations from files. Such a
/// box has the area 0 and overlaps nothing, itself included.
package struct Box: Region, Codable {
    /// The left side.
    package var x1: Double
    /// The upper side.
    package var y1: Double
    /// The right side.
    package var x2: Double
    /// The lower side.
    package var y2: Double

    /// A box between two corners.
    package init(x1: Double, y1: Double, x2: Double, y2: Double) {
        self.x1 = x1
        self.y1 = y1
        self.x2 = x2
        self.y2 = y2
    }

    /// A box around a point.
    package init(centre: (x: Double, y: Double), width: Double, height: Double) {
        self.init(
            x1: centre.x - width / 2, y1: centre.y - height / 2, x2: centre.x + width / 2,
            y2: centre.y + height / 2)
    }

    /// `x2 - x1`, or 0 for an empty or reversed box.
    package var width: Double { x2 > x1 ? x2 - x1 : 0 }
    /// `y2 - y1`, or 0 for an empty or reversed box.
    package var height: Double { y2 > y1 ? y2 - y1 : 0 }
    /// Square pixels.
    package var area: Double { width * height }
    /// The middle.
    package var centre: (x: Double, y: Double) { ((x1 + x2) / 2, (y1 + y2) / 2) }

    /// The left side.
    package var start: Double { x1 }

    /// Whether all sides are finite numbers and the area isn't 0.
    package var isValid: Bool {
        x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite && x2 > x1 && y2 > y1
    }

    /// Whether a point lies inside, not on a side.
    package func contains(x: Double, y: Double) -> Bool { x > x1 && x < x2 && y > y1 && y < y2 }

    /// The area shared with `other`; 0 where they only touch.
    package func intersection(_ other: Box) -> Double {
        let across = min(x2, other.x2) - max(x1, other.x1)
        let down = min(y2, other.y2) - max(y1, other.y1)
        return across > 0 && down > 0 ? across * down : 0
    }

    /// The smallest box that holds both.
    package func hull(_ other: Box) -> Box {
        Box(
            x1: min(x1, other.x1), y1: min(y1, other.y1), x2: max(x2, other.x2),
            y2: max(y2, other.y2))
    }

    /// The part inside `0 ... width`, `0 ... height`; empty where nothing of it lies there.
    package func clipped(width: Double, height: Double) -> Box {
        Box(
            x1: min(max(x1, 0), width), y1: min(max(y1, 0), height),
            x2: min(max(x2, 0), width), y2: min(max(y2, 0), height))
    }
}

/// How alike two boxes are. No result is NaN where the boxes are invalid: they are not alike.
extension Box {
    /// Intersection over union, in [0, 1].
    package func intersectionOverUnion(_ other: Box) -> Double {
        let shared = intersection(other)
        guard shared > 0 else { return 0 }
        return Box.ratio(shared, area + other.area - shared)
    }

    /// Intersection over the smaller area, in [0, 1]: 1 where one box lies in the other.
    package func intersectionOverSmaller(_ other: Box) -> Double {
        let shared = intersection(other)
        guard shared > 0 else { return 0 }
        return Box.ratio(shared, min(area, other.area))
    }

    /// Normalised Wasserstein distance of the boxes as Gaussians, in (0, 1] (Xu et al., ISPRS
    /// Journal 2022): exp(-√(|Δc|² + (Δw² + Δh²) / 4) / C).
    ///
    /// - Parameter constant: C in pixels, about the mean size of the objects.
    package func normalisedWasserstein(_ other: Box, constant: Double) -> Double {
        guard isValid && other.isValid else { return 0 }
        let (a, b) = (centre, other.centre)
        let (x, y) = (a.x - b.x, a.y - b.y)
        let (w, h) = (width - other.width, height - other.height)
        return exp(-(x * x + y * y + (w * w + h * h) / 4).squareRoot() / constant)
    }

    private static func ratio(_ shared: Double, _ whole: Double) -> Double {
        whole > 0 && whole.isFinite ? min(shared / whole, 1) : 0
    }
}

/// A measure of how alike two boxes are, 1 for equal ones.
package enum BoxSimilarity: Sendable, Hashable {
    /// Intersection over union.
    case intersectionOverUnion
    /// Intersection over the smaller area.
    case intersectionOverSmaller
    /// Normalised Wasserstein distance with the constant C in pixels.
    case normalisedWasserstein(constant: Double)

    /// The measure of two boxes.
    package func callAsFunction(_ a: Box, _ b: Box) -> Double {
        switch self {
        case .intersectionOverUnion: a.intersectionOverUnion(b)
        case .intersectionOverSmaller: a.intersectionOverSmaller(b)
        case .normalisedWasserstein(let constant): a.normalisedWasserstein(b, constant: constant)
        }
    }
}
