// SPDX-License-Identifier: Apache-2.0
import Regions

/// What became of a prediction at every threshold, one bit each.
struct BoxOutcome {
    /// Matched to an object that counts.
    var isTrue: UInt32 = 0
    /// Counts neither as true nor as false.
    var isIgnored: UInt32 = 0
    /// Overlap with the object taken at the first threshold.
    var overlap = 0.0
    /// Place of that object among those of its class; -1 for none.
    var truth = -1
}

/// Matches the predictions of one class in one image, best first.
///
/// A prediction takes, among the objects that are free and overlap enough, the one that overlaps
/// most (of equal ones the later), objects that count before ignored ones. Objects outside the
/// area range are ignored; so are predictions outside it that match nothing.
struct BoxMatching {
    /// At full overlap rounding must not decide.
    private static let almostOne = 1 - 1e-10

    private struct Candidate {
        var overlap: Double
        var truth: Int
    }

    private let thresholds: [Double]
    private let areaRanges: [ClosedRange<Double>]
    /// The candidates of all predictions, one after the other, and where each one's begin.
    private var candidates: [Candidate] = []
    private var starts: [Int] = []
    private var isIgnored: [Bool] = []
    /// One bit a threshold.
    private var taken: [UInt32] = []

    init(_ rules: BoxProtocol) {
        thresholds = rules.allThresholds.map { min($0, BoxMatching.almostOne) }
        areaRanges = rules.areaRanges.map(\.bounds)
    }

    /// Matches one image.
    ///
    /// - Parameters:
    ///   - truths: The objects in file order.
    ///   - predictions: The predictions, best first.
    ///   - outcomes: A row of outcomes for each area range; those of this image are appended.
    ///   - positives: For each area range the objects that count; those of this image are added.
    mutating func match(
        _ truths: ArraySlice<AnnotatedBox>, _ predictions: [Item<Rectangle>],
        outcomes: inout [[BoxOutcome]], positives: inout [Int]
    ) {
        findCandidates(truths, predictions)
        for (range, areas) in areaRanges.enumerated() {
            isIgnored.removeAll(keepingCapacity: true)
            for truth in truths {
                let ignored = !truth.counts(in: areas)
                isIgnored.append(ignored)
                if !ignored { positives[range] += 1 }
            }
            taken.removeAll(keepingCapacity: true)
            for _ in truths { taken.append(0) }
            for position in predictions.indices {
                let prediction = predictions[position].place
                let isOutside = !areas.contains(prediction.area)
                var outcome = BoxOutcome()
                let begin = starts[position], end = starts[position + 1]
                if begin == end {
                    outcome.isIgnored = isOutside ? ~0 : 0
                } else {
                    for threshold in thresholds.indices {
                        let bit: UInt32 = 1 << UInt32(threshold)
                        let found = best(begin..<end, thresholds[threshold], bit, truths)
                        if found < 0 {
                            if isOutside { outcome.isIgnored |= bit }
                        } else {
                            taken[found] |= bit
                            if threshold == 0 {
                                outcome.truth = truths.startIndex + found
                                outcome.overlap = truths[outcome.truth].overlap(prediction)
                            }
                            if isIgnored[found] {
                                outcome.isIgnored |= bit
                            } else {
                                outcome.isTrue |= bit
                            }
                        }
                    }
                }
                outcomes[range].append(outcome)
            }
        }
    }

    /// Lists for each prediction the objects that overlap enough at the lowest threshold.
    private mutating func findCandidates(
        _ truths: ArraySlice<AnnotatedBox>, _ predictions: [Item<Rectangle>]
    ) {
        candidates.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        starts.append(0)
        let lowest = thresholds.min() ?? 0
        for prediction in predictions {
            for (position, truth) in truths.enumerated() {
                let overlap = truth.overlap(prediction.place)
                if overlap >= lowest {
                    candidates.append(Candidate(overlap: overlap, truth: position))
                }
            }
            starts.append(candidates.count)
        }
    }

    /// Position of the object that the prediction with these candidates takes; -1 for none.
    private func best(
        _ range: Range<Int>, _ threshold: Double, _ bit: UInt32,
        _ truths: ArraySlice<AnnotatedBox>
    ) -> Int {
        var best = -1, bestIgnored = -1
        var least = threshold, leastIgnored = threshold
        for index in range {
            let candidate = candidates[index]
            let truth = candidate.truth
            if isIgnored[truth] {
                if candidate.overlap >= leastIgnored,
                    taken[truth] & bit == 0 || truths[truths.startIndex + truth].isCrowd
                {
                    leastIgnored = candidate.overlap
                    bestIgnored = truth
                }
            } else if candidate.overlap >= least, taken[truth] & bit == 0 {
                least = candidate.overlap
                best = truth
            }
        }
        return best >= 0 ? best : bestIgnored
    }
}
