// SPDX-License-Identifier: Apache-2.0
package import Regions

/// What detection scores when it knows only how often actions occur and how long they last.
///
/// Each drawn prediction copies class and length of one training segment chosen at random, so
/// that classes follow their priors and lengths the training distribution of their class. Its
/// start is uniform over the places where it fits, its score uniform in [0, 1). A trained
/// detector has learnt something about the pictures only if it beats this by the same evaluator.
package struct RandomSegmentBaseline: Sendable {
    /// A video to draw predictions for.
    package struct Video: Sendable, Hashable {
        /// The number that stands for the video.
        package var id: Int

        /// Length, in the unit of the segments; positive.
        package var duration: Double

        /// The video `id`, `duration` long.
        package init(id: Int, duration: Double) {
            self.id = id
            self.duration = duration
        }
    }

    private let templates: [(label: Int, length: Double)]

    /// A baseline with the classes and lengths of `training`; segments without a length are
    /// left out.
    package init(training: [Item<Segment>]) {
        templates = training.compactMap { truth in
            truth.place.isValid ? (truth.label, truth.place.length) : nil
        }
    }

    /// `count` predictions for each video; none where there was no training segment.
    ///
    /// A pure function of `seed` and, for each video, its id: adding a video changes nothing
    /// for the others.
    package func predictions(
        for videos: [Video], count: Int, seed: UInt64
    ) -> [Item<Segment>] {
        guard !templates.isEmpty else { return [] }
        var result: [Item<Segment>] = []
        result.reserveCapacity(videos.count * count)
        for video in videos where video.duration > 0 && video.duration.isFinite {
            var generator = SplitMix64(
                seed: SplitMix64.mix(seed) ^ UInt64(bitPattern: Int64(video.id)))
            for _ in 0..<count {
                let template = templates[generator.next(below: templates.count)]
                let length = min(template.length, video.duration)
                let start = generator.nextUnit() * (video.duration - length)
                result.append(
                    Item(
                        Segment(start: start, end: start + length), label: template.label,
                        score: generator.nextUnit(), in: video.id))
            }
        }
        return result
    }

    /// Mean average precision at each of `thresholds`, averaged over `draws` independent draws.
    package func meanAveragePrecision(
        groundTruth: [Item<Segment>], videos: [Video], count: Int, thresholds: [Double],
        draws: Int, seed: UInt64
    ) -> [Double] {
        precondition(draws > 0, "the number of draws, \(draws), is not positive")
        let evaluator = TemporalAveragePrecision(thresholds: thresholds)
        var sum = [Double](repeating: 0, count: thresholds.count)
        for draw in 0..<draws {
            let drawn = predictions(
                for: videos, count: count, seed: SplitMix64.mix(seed &+ UInt64(draw)))
            let result = evaluator.evaluate(groundTruth: groundTruth, predictions: drawn)
            for (index, value) in result.meanAveragePrecision.enumerated() { sum[index] += value }
        }
        return sum.map { $0 / Double(draws) }
    }
}

/// A small seeded generator (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
/// generators"): the same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// A bijection of 64-bit numbers that spreads every input bit over the output.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next() -> UInt64 {
        let result = Self.mix(state)
        state &+= 0x9E37_79B9_7F4A_7C15
        return result
    }

    /// Uniform in `0 ..< bound` (the bias is below `bound` / 2⁶⁴).
    mutating func next(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Uniform in [0, 1), 53 bits.
    mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
