// SPDX-License-Identifier: Apache-2.0
package import Regions

/// The anchors of a pyramid: a few lengths at every position of every level.
package struct Anchors: Sendable {
    /// Input positions between two anchors of each level.
    package let strides: [Int]
    /// Lengths in strides.
    package let scales: [Double]
    /// What is added to `end - start` to give a length: 1 for inclusive ends, else 0.
    package let lengthOffset: Double

    /// Anchors whose level l has a stride of `baseStride` · 2^l.
    package init(baseStride: Int, levels: Int, scales: [Double], lengthOffset: Double) {
        precondition(
            baseStride > 0 && levels > 0 && !scales.isEmpty && scales.allSatisfy { $0 > 0 },
            "anchors: stride \(baseStride), \(levels) levels, scales \(scales)")
        strides = (0..<levels).map { baseStride << $0 }
        self.scales = scales
        self.lengthOffset = lengthOffset
    }

    /// All anchors of a sequence of `length` positions: by level, position, then scale.
    ///
    /// Cell i of a level is centred at stride · (i + 1/2), as in VSGN's code, where the first
    /// anchor of scale 1 reaches from 0.5 to stride - 0.5 with both ends counted.
    package func segments(length: Int) -> [Segment] {
        strides.flatMap { stride in
            (0..<length / stride).flatMap { cell in
                scales.map { scale in
                    let centre = Double(stride) * (Double(cell) + 0.5)
                    let half = (Double(stride) * scale - lengthOffset) / 2
                    return Segment(start: centre - half, end: centre + half)
                }
            }
        }
    }
}
