// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Gives anchors, or segments regressed from them, the actions that they should find.
package struct SegmentMatcher: Sendable {
    /// What is added to `end - start` of an anchor to give its length.
    package var lengthOffset: Double

    /// A matcher for a length convention.
    package init(lengthOffset: Double) { self.lengthOffset = lengthOffset }

    /// The overlap that VSGN's code matches by: only the anchor's length gets the offset.
    package func overlap(_ anchor: Segment, _ target: Segment) -> Double {
        let shared = max(0, min(anchor.end, target.end) - max(anchor.start, target.start))
        let union = anchor.end - anchor.start + lengthOffset + target.end - target.start - shared
        return shared > 0 && union > 0 ? shared / union : 0
    }

    /// The index of each segment's target, nil for background.
    ///
    /// A segment takes the target that it overlaps most, where that is at least `threshold`;
    /// those that overlap some target more than all other segments do keep their best target
    /// at any overlap above 0 (low-quality matches of Faster R-CNN). Ties go to the first target.
    ///
    /// - Parameters:
    ///   - segments: Anchors or regressed segments.
    ///   - targets: The window's actions.
    ///   - threshold: The overlap from which a match counts.
    package func matches(
        _ segments: [Segment], _ targets: [Item<Segment>], threshold: Double
    ) -> [Int?] {
        var best = [(overlap: Double, target: Int)](repeating: (0, 0), count: segments.count)
        var rows: [[Double]] = []
        for (index, target) in targets.enumerated() {
            let row = segments.map { overlap($0, target.place) }
            for (segment, value) in row.enumerated() where value > best[segment].overlap {
                best[segment] = (value, index)
            }
            rows.append(row)
        }
        var result: [Int?] = best.map {
            $0.overlap > 0 && $0.overlap >= threshold ? $0.target : nil
        }
        for row in rows {
            guard let top = row.max(), top > 0 else { continue }
            for (segment, value) in row.enumerated() where value == top {
                result[segment] = best[segment].target
            }
        }
        return result
    }
}
