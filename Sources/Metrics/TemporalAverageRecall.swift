// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Average recall against the average number of proposals by the ActivityNet protocol (AR@AN).
///
/// Proposals have no class, and a segment is found by any proposal of its video with tIoU >=
/// threshold, however many. Of every video the same share of its proposals counts, best first, so
/// that over the videos with annotations they are 1, 2, …, 100 on the average: videos with many
/// proposals keep many. Recall is over all segments together, averaged over the thresholds.
package struct TemporalAverageRecall: Sendable {
    /// What proposals got.
    package struct Result: Sendable, Equatable {
        /// The average numbers of proposals a video, rising.
        package let numbers: [Double]
        /// Recall at each of ``numbers``, the mean over thresholds.
        package let averageRecall: [Double]
        /// Area under the curve by the trapezoid rule from the first number to the last, over the
        /// last: the protocol's headline, at most 0.99.
        package let area: Double
    }

    /// The largest average number of proposals a video.
    package static let maximum = 100.0

    /// The tIoU thresholds, each in (0, 1].
    package let thresholds: [Double]

    /// An evaluation at `thresholds`; at least one.
    package init(thresholds: [Double]) {
        precondition(!thresholds.isEmpty, "no tIoU threshold")
        self.thresholds = thresholds
    }

    /// Scores `proposals` against `groundTruth`, labels aside.
    ///
    /// - Precondition: scores are not NaN.
    package func evaluate(
        groundTruth: [Item<Segment>], proposals: [Item<Segment>]
    ) -> Result {
        let truths = Dictionary(grouping: groundTruth, by: \.source)
        let guesses = Dictionary(grouping: proposals, by: \.source)
        let videoCount = Double(truths.count)
        // The order of the arithmetic is the protocol's: counts are cut down to whole numbers.
        let ratio = Self.maximum * videoCount / Double(max(1, proposals.count))
        var total = 0
        var videos: [(count: Int, ranks: [[Int]])] = []
        for (video, segments) in truths.sorted(by: { $0.key < $1.key }) {
            let own = guesses[video] ?? []
            let count = min(Int(Double(own.count) * ratio), own.count)
            total += count
            // Equal scores keep input order.
            let best = own.indices.sorted { a, b in
                own[a].score != own[b].score ? own[a].score > own[b].score : a < b
            }.prefix(count).map { own[$0].place }
            videos.append((count, segments.map { firstRanks($0.place, best) }))
        }
        let steps = (1...100).map { Double($0) / 100 }
        guard total > 0 else {
            return Result(
                numbers: steps.map { $0 * Self.maximum }, averageRecall: steps.map { _ in 0 },
                area: 0)
        }
        let share = Self.maximum * videoCount / Double(total)
        let shares = steps.map { $0 * share }
        let numbers = shares.map { $0 * (Double(total) / videoCount) }
        let recall = shares.map { share -> Double in
            var found = 0
            for video in videos {
                let limit = min(Int(Double(video.count) * share), video.count)
                for ranks in video.ranks { found += ranks.count { $0 < limit } }
            }
            return Double(found) / Double(groundTruth.count * thresholds.count)
        }
        var area = 0.0
        for place in 1..<numbers.count {
            area +=
                (numbers[place] - numbers[place - 1]) * (recall[place] + recall[place - 1]) / 2
        }
        return Result(
            numbers: numbers, averageRecall: recall, area: area / (numbers.last ?? Self.maximum))
    }

    /// For each threshold the place of the first proposal that finds `truth`; `Int.max` for none.
    private func firstRanks(_ truth: Segment, _ proposals: [Segment]) -> [Int] {
        var ranks = [Int](repeating: .max, count: thresholds.count)
        for (place, proposal) in proposals.enumerated() {
            let overlap = truth.intersectionOverUnion(proposal)
            guard overlap > 0 else { continue }
            for (index, threshold) in thresholds.enumerated()
            where overlap >= threshold && ranks[index] == .max {
                ranks[index] = place
            }
        }
        return ranks
    }
}
