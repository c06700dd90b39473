// SPDX-License-Identifier: Apache-2.0
import Regions
import TemporalActionDetection
import Tensors
import Testing

@Suite("Windows of a stream of features") struct FeatureWindowsTests {
    /// The windows of a sequence of `count` vectors (i, -i) that comes in parts of `part`.
    private func windows(
        _ count: Int, length: Int, overlap: Double, part: Int
    ) -> [(place: Range<Int>, values: [Float])] {
        var stream = FeatureWindows(count: count, length: length, overlap: overlap)
        var found: [(place: Range<Int>, values: [Float])] = []
        for first in stride(from: 0, to: count, by: part) {
            let places = first..<min(count, first + part)
            let values = places.flatMap { [Float($0), -Float($0)] }
            stream.append(Tensor(values, shape: [places.count, 2])) { place, features in
                #expect(features.shape == [place.count, 2])
                found.append((place, features.floats))
            }
        }
        return found
    }

    @Test(
        "they are those of the whole sequence, however it is cut",
        arguments: [0, 0.3, 0.5, 0.95], [1, 5, 16, 1000])
    func sameAsWhole(overlap: Double, part: Int) {
        for count in [1, 11, 12, 13, 30, 67] {
            let found = windows(count, length: 12, overlap: overlap, part: part)
            let expected = Windows(length: 12, overlap: overlap)(of: count)
            #expect(found.map(\.place) == expected)
            for window in found {
                #expect(window.values == window.place.flatMap { [Float($0), -Float($0)] })
            }
        }
    }

    @Test("a pool keeps the best in the order in which they came") func pool() {
        let detections = (0..<1000).map { (number: Int) -> Item<Segment> in
            let start = Double(number % 7), score = Double(number * 617 % 500) / 500
            return Item(Segment(start: start, end: 10), label: number % 3, score: score)
        }
        for (limit, parts) in [(10, 1), (10, 300), (137, 9), (1000, 50), (2000, 1)] {
            var pool = CandidatePool(limit: limit)
            for first in stride(from: 0, to: 1000, by: parts) {
                pool.add(detections[first..<min(1000, first + parts)])
            }
            let kept = pool.take()
            let best = detections.indices.sorted { a, b in
                Turn(detections[a], a) < Turn(detections[b], b)
            }
            #expect(kept == best.prefix(limit).sorted().map { detections[$0] })
            #expect(pool.bestDropped == best.dropFirst(limit).first.map { detections[$0].score })
        }
    }
}
