// SPDX-License-Identifier: Apache-2.0
package import Regions

/// The regions of an image in which VisDrone scores nothing.
///
/// A box of which at least half lies in the regions is left out of annotations and predictions
/// alike. The share is counted in whole pixels from 1, as the protocol's own program does on its
/// map of the image.
package struct BoxIgnoredRegions: Sendable {
    /// Pixel columns and rows of each region, from 1, both ends included.
    private let regions: [(columns: ClosedRange<Int>, rows: ClosedRange<Int>)]
    private let width, height: Int

    /// The regions of an image.
    ///
    /// - Parameters:
    ///   - width: The image's size in pixels.
    ///   - height: The same.
    ///   - regions: Finite; parts outside the image don't count.
    package init(width: Int, height: Int, regions: [Rectangle]) {
        self.width = width
        self.height = height
        self.regions = regions.compactMap { region in
            let x = Self.pixel(region.x, width), y = Self.pixel(region.y, height)
            let right = min(width, x + Self.pixel(region.width, width))
            let bottom = min(height, y + Self.pixel(region.height, height))
            return x <= right && y <= bottom ? (x...right, y...bottom) : nil
        }
    }

    /// Rounded and at least 1; what is far beyond the image makes no difference.
    private static func pixel(_ value: Double, _ size: Int) -> Int {
        Int(max(1, min(value.rounded(), Double(size) + 1)))
    }

    /// Whether at least half of a box lies in the regions.
    package func contains(_ box: Rectangle) -> Bool {
        guard !regions.isEmpty, width > 0, height > 0 else { return false }
        let left = min(width, Self.pixel(box.x, width))
        let top = min(height, Self.pixel(box.y, height))
        let w = max(1, box.width.rounded()), h = max(1, box.height.rounded())
        let right = Int(min(Double(width), Double(left) + w))
        let bottom = Int(min(Double(height), Double(top) + h))
        guard left < right, top < bottom else { return false }
        let covered = coveredPixels(columns: left + 1...right, rows: top + 1...bottom)
        return Double(covered) / (h * w) >= 0.5
    }

    /// Pixels of a window that lie in at least one region.
    private func coveredPixels(columns: ClosedRange<Int>, rows: ClosedRange<Int>) -> Int {
        let inside = regions.filter { $0.columns.overlaps(columns) && $0.rows.overlaps(rows) }
            .map { (columns: $0.columns.clamped(to: columns), rows: $0.rows.clamped(to: rows)) }
        let edges = Set(inside.flatMap { [$0.columns.lowerBound, $0.columns.upperBound + 1] })
            .sorted()
        var count = 0
        // Between two edges the regions that cover a column are the same.
        for (from, to) in zip(edges, edges.dropFirst()) {
            var next = Int.min, length = 0
            let spans = inside.filter { $0.columns.contains(from) }.map(\.rows)
                .sorted { $0.lowerBound < $1.lowerBound }
            for span in spans {
                let start = max(next, span.lowerBound)
                if start <= span.upperBound {
                    length += span.upperBound - start + 1
                    next = span.upperBound + 1
                }
            }
            count += length * (to - from)
        }
        return count
    }
}
