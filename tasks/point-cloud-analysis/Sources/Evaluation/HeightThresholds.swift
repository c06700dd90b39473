// SPDX-License-Identifier: Apache-2.0

/// Classes by height alone: the best thresholds of the training points.
package struct HeightThresholds: Sendable, Equatable {
    /// Where one class ends and the next begins, rising; heights above the scene's ground.
    package let thresholds: [Float]
    /// The class below each threshold, and the class above the last.
    package let classes: [Int32]

    private static let bins = 256
    private static let mostParts = 16
    /// The share of heights below, and above, the steps: strays don't widen them.
    private static let strays = 0.001

    /// Finds the thresholds that get the most points right, each point counted once or each class
    /// alike: whichever has the larger mean IoU.
    ///
    /// At most one part a class, and at most 16; thresholds lie on 256 even steps
    /// between the heights that a thousandth is below and above. The best partition follows by
    /// dynamic programming over the steps.
    ///
    /// - Parameters:
    ///   - heights: Finite heights.
    ///   - labels: Their classes; those below 0 don't count.
    /// - Precondition: A height for each class; at least one counts.
    package init(heights: [Float], labels: [Int32], classes count: Int) {
        precondition(heights.count == labels.count && count > 0, "heights and classes")
        let used = labels.indices.filter { labels[$0] >= 0 }
        precondition(!used.isEmpty, "heights of no points")
        let some = stride(from: 0, to: used.count, by: used.count / (1 << 20) + 1)
            .map { heights[used[$0]] }.sorted()
        let left = Int(HeightThresholds.strays * Double(some.count))
        let low = some[left], high = some[some.count - 1 - left]
        let step = max((high - low) / Float(HeightThresholds.bins), .leastNormalMagnitude)
        /// Points of each class below each step.
        var below = [Int](repeating: 0, count: (HeightThresholds.bins + 1) * count)
        for point in used {
            let place = min(Float(HeightThresholds.bins - 1), (heights[point] - low) / step)
            let bin = max(0, Int(place))
            below[(bin + 1) * count + Int(labels[point])] += 1
        }
        for place in count..<below.count { below[place] += below[place - count] }
        let totals = Array(below[HeightThresholds.bins * count..<below.count])
        let best = [totals.map { _ in 1.0 }, totals.map { $0 > 0 ? 1 / Double($0) : 0 }]
            .map { HeightThresholds.partition(below, weights: $0, classes: count) }
            .max {
                HeightThresholds.score($0, below, count) < HeightThresholds.score($1, below, count)
            }
        let parts = best ?? [(0, 0)]
        thresholds = parts.dropFirst().map { low + step * Float($0.start) }
        classes = parts.map { Int32($0.label) }
    }

    /// The class of a height.
    package func label(of height: Float) -> Int32 {
        classes[thresholds.firstIndex { height < $0 } ?? thresholds.count]
    }

    /// The steps at which parts begin, with their classes.
    private static func partition(
        _ below: [Int], weights: [Double], classes: Int
    ) -> [(start: Int, label: Int)] {
        let parts = min(classes, mostParts)
        /// What the best class of steps `start..<end` gets.
        func gain(_ start: Int, _ end: Int) -> (value: Double, label: Int) {
            var best = (value: -1.0, label: 0)
            for label in 0..<classes {
                let points = below[end * classes + label] - below[start * classes + label]
                let value = weights[label] * Double(points)
                if value > best.value { best = (value, label) }
            }
            return best
        }
        // The best of the first `end` steps in so many parts, and where its last part begins.
        var values = (0...bins).map { $0 == 0 ? 0 : gain(0, $0).value }
        var starts = [[Int](repeating: 0, count: bins + 1)]
        let gains = (0..<bins).map { start in (start + 1...bins).map { gain(start, $0).value } }
        for _ in 1..<max(1, parts) {
            var next = values, origin = [Int](repeating: -1, count: bins + 1)
            for end in 1...bins {
                for start in 1..<max(1, end) {
                    let value = values[start] + gains[start][end - start - 1]
                    if value > next[end] {
                        next[end] = value
                        origin[end] = start
                    }
                }
            }
            values = next
            starts.append(origin)
        }
        var result: [(start: Int, label: Int)] = []
        var end = bins
        for origin in starts.reversed() where origin[end] >= 0 && end > 0 {
            let start = origin[end]
            result.append((start, gain(start, end).label))
            end = start
        }
        return result.reversed()
    }

    /// The mean IoU of a partition over the training points.
    private static func score(
        _ parts: [(start: Int, label: Int)], _ below: [Int], _ classes: Int
    ) -> Double {
        var hits = [Int](repeating: 0, count: classes), predicted = hits
        let totals = (0..<classes).map { below[bins * classes + $0] }
        for (place, part) in parts.enumerated() {
            let end = place + 1 < parts.count ? parts[place + 1].start : bins
            for label in 0..<classes {
                let points = below[end * classes + label] - below[part.start * classes + label]
                predicted[part.label] += points
                if label == part.label { hits[label] += points }
            }
        }
        let scores = (0..<classes).compactMap { label -> Double? in
            let union = totals[label] + predicted[label] - hits[label]
            return union > 0 ? Double(hits[label]) / Double(union) : nil
        }
        return scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    }
}
