// SPDX-License-Identifier: Apache-2.0
import Regions
import Testing

@Suite("Segment voting") struct SegmentVotingTests {
    private func detection(
        _ start: Double, _ end: Double, _ score: Double, label: Int = 0
    ) -> Item<Segment> {
        Item(Segment(start: start, end: end), label: label, score: score)
    }

    @Test func endsBecomeTheWeightedMeanOfAgreeingCandidates() {
        let candidates = [
            detection(0, 10, 0.75), detection(2, 10, 0.3125), detection(8, 20, 0.9),
            detection(0, 9, 0.5, label: 1), detection(0, 10, .nan),
        ]
        let voted = SegmentVoting(threshold: 0.7)([candidates[0]], candidates: candidates)
        #expect(voted == [detection(0.5, 10, 0.75)])
    }

    @Test func suppressionCanVote() {
        let candidates = [detection(0, 10, 0.75), detection(2, 10, 0.3125)]
        let suppression = NonMaximumSuppression(.hard(threshold: 0.5), votingThreshold: 0.7)
        #expect(suppression(candidates) == [detection(0.5, 10, 0.75)])
    }

    @Test func withoutVotesTheSegmentStays() {
        let kept = detection(0, 1, 0.5)
        #expect(SegmentVoting(threshold: 0.9)([kept], candidates: []) == [kept])
    }
}
