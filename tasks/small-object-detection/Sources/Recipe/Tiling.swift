// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Cuts images into overlapping square tiles.
///
/// Tiles lie at multiples of `size - overlap`; the last of a row or column is shifted back, so that
/// every tile lies in the image and has full size (SAHI, Akyon et al. 2022). An image smaller than a
/// tile is one tile of its own size in that direction.
package struct Tiling: Sendable, Equatable {
    /// A window of an image, in pixels.
    package struct Tile: Sendable, Equatable {
        /// Left and upper edge.
        package let x, y: Int
        /// Size.
        package let width, height: Int

        /// A window.
        package init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// Side of a tile in pixels.
    package let size: Int
    /// Pixels that neighbours share at least.
    package let overlap: Int
    /// Share of a box's area, in (0, 1], that a tile must hold for the box to be kept.
    package let keptArea: Double

    /// A tiling.
    package init(size: Int, overlap: Int, keptArea: Double = 0.1) {
        precondition(size > 0, "tiles of \(size) pixels")
        precondition((0..<size).contains(overlap), "overlap \(overlap) of tiles of \(size)")
        precondition(keptArea > 0 && keptArea <= 1, "kept area \(keptArea) outside (0, 1]")
        self.size = size
        self.overlap = overlap
        self.keptArea = keptArea
    }

    /// The tiles of an image, row by row.
    package func tiles(width: Int, height: Int) -> [Tile] {
        precondition(width > 0 && height > 0, "an image of \(width) x \(height)")
        let windows = Windows(length: size, overlap: overlap)
        return windows(of: height).flatMap { rows in
            windows(of: width).map { columns in
                Tile(
                    x: columns.lowerBound, y: rows.lowerBound, width: columns.count,
                    height: rows.count)
            }
        }
    }

    /// A box as a tile shows it.
    package struct Part: Sendable, Equatable {
        /// The part inside the tile, counted from its upper left corner; what the tile doesn't
        /// hold need not be found.
        package var box: AnnotatedBox
        /// The box's place in the list.
        package let position: Int
        /// Whether the tile holds ``Tiling/keptArea`` of the box.
        package let isHeld: Bool

        /// A part.
        package init(box: AnnotatedBox, position: Int, isHeld: Bool) {
            self.box = box
            self.position = position
            self.isHeld = isHeld
        }
    }

    /// The parts of boxes that a tile shows, in order.
    ///
    /// The area of an object shrinks in the ratio in which its box does. What is cut shorter than
    /// the kept area is ignored, as where training cuts the image itself: it is no background.
    package func parts(_ boxes: [AnnotatedBox], in tile: Tile) -> [Part] {
        let right = Double(tile.x + tile.width), bottom = Double(tile.y + tile.height)
        return boxes.enumerated().compactMap { position, box in
            let place = box.item.place
            let x0 = max(place.x, Double(tile.x)), x1 = min(place.x + place.width, right)
            let y0 = max(place.y, Double(tile.y)), y1 = min(place.y + place.height, bottom)
            guard x1 > x0, y1 > y0 else { return nil }
            let share = (x1 - x0) * (y1 - y0) / place.area
            var cut = box
            cut.item.place = Rectangle(
                x: x0 - Double(tile.x), y: y0 - Double(tile.y), width: x1 - x0, height: y1 - y0)
            cut.area = box.area * min(1, share)
            if share < keptArea { cut.isIgnored = true }
            return Part(box: cut, position: position, isHeld: share >= keptArea)
        }
    }

    /// Whether a box is wider or higher than a tile.
    package func exceeds(_ box: Rectangle) -> Bool {
        box.width > Double(size) || box.height > Double(size)
    }
}
