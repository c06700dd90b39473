// SPDX-License-Identifier: Apache-2.0

/// A box in pixels by its upper left corner and its size, the form of files and evaluations.
///
/// It keeps the numbers of a file as they are. A ``Box`` has the corners that networks and overlaps
/// go by: `x + width` rounds, and the size that it gives back may differ in the last digit.
package struct Rectangle: Region {
    /// Left and upper edge.
    package var x, y: Double
    /// Size; not negative.
    package var width, height: Double

    /// A box of a size.
    package init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// A box between corners.
    package init(_ box: Box) {
        self.init(x: box.x1, y: box.y1, width: box.width, height: box.height)
    }

    /// The corners.
    package var box: Box { Box(x1: x, y1: y, x2: x + width, y2: y + height) }

    /// Square pixels.
    package var area: Double { width * height }

    /// The left edge.
    package var start: Double { x }

    /// Whether every number is finite and the area isn't 0.
    package var isValid: Bool {
        x.isFinite && y.isFinite && width.isFinite && height.isFinite && width > 0 && height > 0
    }

    /// The area shared with `other`; 0 where they only touch.
    package func intersection(_ other: Rectangle) -> Double {
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        guard across > 0 else { return 0 }
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        return down > 0 ? across * down : 0
    }
}
