// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// Boxes on pictures.
extension PNGImage {
    /// The form of a box's edge.
    package enum Edge: Sendable, Hashable {
        /// A line.
        case solid
        /// A line with gaps.
        case dashed
        /// A line, and another from the lower left to the upper right corner.
        case struckOut
    }

    /// Draws the edge of a box inside some pixels; what lies outside of the picture is cut off.
    ///
    /// - Parameters:
    ///   - columns: The first and the last column.
    ///   - rows: The first and the last row.
    ///   - thickness: Pixels of the line.
    package mutating func drawBox(
        _ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>, _ color: SIMD3<UInt8>,
        thickness: Int, edge: Edge = .solid
    ) {
        // Dashes go once round the box, so that each side has some.
        let dash = 3 * thickness
        func isGap(_ place: Int) -> Bool { edge == .dashed && place % (2 * dash) >= dash }
        func dot(_ x: Int, _ y: Int) {
            guard (0..<width).contains(x), (0..<height).contains(y) else { return }
            self[y * width + x] = color
        }
        for inset in 0..<thickness {
            for x in columns.clamped(to: -1...width) where !isGap(x - columns.lowerBound) {
                dot(x, rows.lowerBound + inset)
                dot(x, rows.upperBound - inset)
            }
            for y in rows.clamped(to: -1...height) where !isGap(y - rows.lowerBound) {
                dot(columns.lowerBound + inset, y)
                dot(columns.upperBound - inset, y)
            }
        }
        guard edge == .struckOut else { return }
        let last = max(columns.count, rows.count) - 1
        for step in 0...last {
            let x = columns.lowerBound + step * (columns.count - 1) / max(1, last)
            let y = rows.upperBound - step * (rows.count - 1) / max(1, last)
            for inset in 0..<thickness { dot(min(x + inset, columns.upperBound), y) }
        }
    }

    /// Draws a box in the form of an outcome, with a white rim that parts it from any photograph.
    package mutating func drawBox(
        _ outcome: Outcome, _ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>, thickness: Int
    ) {
        let rim = max(1, thickness / 2)
        drawBox(
            columns.lowerBound - rim...columns.upperBound + rim,
            rows.lowerBound - rim...rows.upperBound + rim, SIMD3(255, 255, 255),
            thickness: thickness + 2 * rim,
            edge: outcome.edge == .struckOut ? .struckOut : .solid)
        drawBox(columns, rows, outcome.color, thickness: thickness, edge: outcome.edge)
    }
}

extension Outcome {
    /// The form of its boxes.
    package var edge: PNGImage.Edge {
        switch self {
        case .found: .solid
        case .missed: .dashed
        case .invented: .struckOut
        }
    }
}
