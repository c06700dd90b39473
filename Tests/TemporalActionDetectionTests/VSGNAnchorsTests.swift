// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing

@Suite("Anchors and their code") struct VSGNAnchorsTests {
    @Test func publishedAnchorsCountBothEnds() {
        let anchors = Anchors(baseStride: 4, levels: 5, scales: [1, 1.5], lengthOffset: 1)
        let segments = anchors.segments(length: 1280)
        #expect(segments.count == 2 * (320 + 160 + 80 + 40 + 20))
        #expect(segments[0] == Segment(start: 0.5, end: 3.5))
        #expect(segments[1] == Segment(start: -0.5, end: 4.5))
        #expect(segments[2] == Segment(start: 4.5, end: 7.5))
        #expect(segments[640] == Segment(start: 0.5, end: 7.5))
        #expect(segments[1239] == Segment(start: 1200.5, end: 1295.5))
    }

    @Test func continuousAnchorsFillTheirCells() {
        let anchors = Anchors(baseStride: 2, levels: 2, scales: [0.5, 1], lengthOffset: 0)
        #expect(
            anchors.segments(length: 4) == [
                Segment(start: 0.5, end: 1.5), Segment(start: 0, end: 2),
                Segment(start: 2.5, end: 3.5), Segment(start: 2, end: 4),
                Segment(start: 1, end: 3), Segment(start: 0, end: 4),
            ])
    }

    @Test func codesOfAHandWorkedCase() {
        // Anchor of length 4 about 2; segment of length 8 about 3: shift 1/4, growth 2.
        let coder = SegmentCoder(lengthOffset: 1)
        let code = coder.encode(
            Segment(start: -0.5, end: 6.5), anchor: Segment(start: 0.5, end: 3.5))
        #expect(abs(code.0 - 2.5) < 1e-14)
        #expect(abs(code.1 - 5 * log(2)) < 1e-14)
    }

    @Test(arguments: [0.0, 1.0]) func decodingUndoesCoding(_ offset: Double) {
        let coder = SegmentCoder(lengthOffset: offset)
        let anchor = Segment(start: 3, end: 9.5)
        for segment in [Segment(start: 0, end: 1), Segment(start: -7, end: 40.25)] {
            let back = coder.decode(coder.encode(segment, anchor: anchor), anchor: anchor)
            #expect(abs(back.start - segment.start) < 1e-12)
            #expect(abs(back.end - segment.end) < 1e-12)
        }
    }

    @Test func growthIsClamped() {
        let coder = SegmentCoder(lengthOffset: 0)
        let segment = coder.decode((0, 1000), anchor: Segment(start: 0, end: 2))
        #expect(abs(segment.length - 125) < 1e-12)
    }

    @Test func decodingHasItsGradient() {
        let codes = Tensor(normal: [6, 2], key: RandomKey(seed: 1), dtype: .float64)
        let anchors = Anchors(baseStride: 2, levels: 2, scales: [1], lengthOffset: 1)
            .segments(length: 4)
        let error = GradientCheck.worstError([codes]) {
            SegmentCoder(lengthOffset: 1).decode($0[0], anchors: anchors)
        }
        #expect(error < 1e-7)
    }
}

@Suite("Matching") struct VSGNMatchingTests {
    private let matcher = SegmentMatcher(lengthOffset: 0)
    private let anchors = [
        Segment(start: 0, end: 4), Segment(start: 2, end: 6), Segment(start: 4, end: 8),
        Segment(start: 20, end: 24),
    ]

    private func target(_ start: Double, _ end: Double) -> Item<Segment> {
        Item(Segment(start: start, end: end), label: 0)
    }

    @Test func overlapAddsTheOffsetToTheAnchorAlone() {
        let anchor = Segment(start: 0, end: 3), action = Segment(start: 1, end: 5)
        #expect(matcher.overlap(anchor, action) == 2.0 / 5)
        #expect(SegmentMatcher(lengthOffset: 1).overlap(anchor, action) == 2.0 / 6)
    }

    @Test func thresholdAndLowQualityMatches() {
        // Overlaps of the first action: 3/5, 3/5 (tie), 1/7; the second's best is 0.25.
        let found = matcher.matches(anchors, [target(1, 5), target(7, 8)], threshold: 0.7)
        #expect(found == [0, 0, 1, nil])
        // At 0.5 the two tied ones match by themselves; the third only as the second's best.
        let lower = matcher.matches(anchors, [target(1, 5)], threshold: 0.1)
        #expect(lower == [0, 0, 0, nil])
    }

    @Test func aBestSegmentKeepsItsOwnBestAction() {
        // The second action's best anchor overlaps the first action more.
        let found = matcher.matches(
            [anchors[0]], [target(0, 4), target(3, 9)], threshold: 0.5)
        #expect(found == [0])
    }

    @Test func noActionNoMatch() {
        #expect(matcher.matches(anchors, [], threshold: 0.5) == [nil, nil, nil, nil])
        #expect(
            matcher.matches(anchors, [target(100, 101)], threshold: 0.5)
                == [nil, nil, nil, nil])
    }
}
