// SPDX-License-Identifier: Apache-2.0
import Regions
import Testing

@Suite("Segment") struct SegmentTests {
    private func segment(_ start: Double, _ end: Double) -> Segment {
        Segment(start: start, end: end)
    }

    @Test func overlapOfHalvesIsOneThird() {
        #expect(segment(0, 2).intersectionOverUnion(segment(1, 3)) == 1.0 / 3)
        #expect(segment(1, 3).intersectionOverUnion(segment(0, 2)) == 1.0 / 3)
    }

    @Test func equalSegmentsOverlapFully() {
        for start in stride(from: 0.0, to: 40, by: 0.37) {
            let one = segment(start, start + 0.1)
            #expect(one.intersectionOverUnion(one) == 1)
        }
    }

    @Test func touchingSegmentsDoNotOverlap() {
        #expect(segment(0, 1).intersectionOverUnion(segment(1, 2)) == 0)
        #expect(segment(0, 1).intersectionOverUnion(segment(2, 3)) == 0)
    }

    @Test func emptyReversedAndNonFiniteSegmentsOverlapNothing() {
        let odd = [
            segment(1, 1), segment(2, 1), segment(.nan, 1), segment(0, .nan),
            segment(-.infinity, .infinity), segment(0, .infinity),
        ]
        for a in odd {
            for b in odd + [segment(0, 2)] {
                #expect(a.intersectionOverUnion(b) == 0)
                #expect(b.intersectionOverUnion(a) == 0)
            }
        }
        #expect(odd.allSatisfy { !$0.isValid })
    }

    @Test func clippingKeepsTheInside() {
        #expect(segment(-1, 3).clipped(to: 2) == segment(0, 2))
        #expect(segment(5, 7).clipped(to: 2).length == 0)
    }
}
