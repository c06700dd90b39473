// SPDX-License-Identifier: Apache-2.0
import Regions

/// Which annotated segments the predictions of one class find, at every threshold.
///
/// The rule is that of ``TemporalAveragePrecision``.
package struct TemporalMatching: Sendable {
    /// Positions of the class's segments in the ground truth, rising.
    package let truths: [Int]

    /// Positions of the class's predictions in the input, best first.
    package let ranked: [Int]

    /// For each threshold and place in ``ranked`` the place in ``truths``, or -1.
    private var found: [Int32]

    /// The place in ``truths`` of the segment that the prediction at `place` of ``ranked`` finds
    /// at the threshold number `threshold`; nil for a false positive.
    @inline(__always)
    package func match(threshold: Int, place: Int) -> Int? {
        let number = found[threshold * ranked.count + place]
        return number < 0 ? nil : Int(number)
    }

    /// Matches the predictions of one class.
    ///
    /// - Parameters:
    ///   - truths: Positions of the class's segments in `groundTruth`, rising.
    ///   - guesses: Positions of the class's predictions in `predictions`, rising.
    ///   - thresholds: tIoU thresholds, each in (0, 1].
    init(
        _ truths: [Int], of groundTruth: [Item<Segment>], by guesses: [Int],
        of predictions: [Item<Segment>], thresholds: [Double]
    ) {
        self.truths = truths
        ranked = guesses.map { (score: predictions[$0].score, position: $0) }.sorted { a, b in
            a.score != b.score ? a.score > b.score : a.position < b.position
        }.map(\.position)
        let segments = truths.map { groundTruth[$0] }
        let videos = Dictionary(grouping: segments.indices, by: { segments[$0].source })
        found = [Int32](repeating: -1, count: thresholds.count * ranked.count)
        // taken[threshold * segments + segment]
        var taken = [Bool](repeating: false, count: thresholds.count * segments.count)
        var overlaps: [(overlap: Double, segment: Int)] = []
        for (place, position) in ranked.enumerated() {
            guard let candidates = videos[predictions[position].source] else { continue }
            overlaps.removeAll(keepingCapacity: true)
            let segment = predictions[position].place
            for candidate in candidates {
                let truth = segments[candidate].place
                // Of two points the protocol's own script has 0 / 0, which is below no threshold.
                let arePoints = truth.start == truth.end && segment.start == segment.end
                let overlap = arePoints ? .infinity : truth.intersectionOverUnion(segment)
                if overlap > 0 { overlaps.append((overlap, candidate)) }
            }
            if overlaps.count > 1 {
                overlaps.sort { a, b in
                    a.overlap != b.overlap ? a.overlap > b.overlap : a.segment < b.segment
                }
            }
            for (index, threshold) in thresholds.enumerated() {
                for (overlap, segment) in overlaps {
                    guard overlap >= threshold else { break }
                    let slot = index * segments.count + segment
                    if !taken[slot] {
                        taken[slot] = true
                        found[index * ranked.count + place] = Int32(segment)
                        break
                    }
                }
            }
        }
    }

    /// The curve of the class at a threshold.
    func curve(threshold: Int) -> AveragePrecision {
        var curve = AveragePrecision()
        curve.reserveCapacity(ranked.count)
        for place in ranked.indices {
            curve.append(isTruePositive: match(threshold: threshold, place: place) != nil)
        }
        return curve
    }
}

/// The positions of every label in a list, in list order.
struct ClassIndex {
    private let positionsByLabel: [Int: [Int]]

    init(_ labels: [Int]) {
        positionsByLabel = Dictionary(grouping: labels.indices, by: { labels[$0] })
    }

    /// The labels that occur, rising.
    var labels: [Int] { positionsByLabel.keys.sorted() }

    func positions(of label: Int) -> [Int] { positionsByLabel[label] ?? [] }
}
