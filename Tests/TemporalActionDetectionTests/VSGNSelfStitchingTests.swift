// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing

@Suite("Video self-stitching") struct VSGNSelfStitchingTests {
    private let stitching = SelfStitching(windowLength: 16, gap: 2)

    @Test func theCopyFillsTheWindowBehindTheGap() {
        let clip = Variable(Tensor([1, 2, 3, 4], shape: [1, 4, 1]))
        let window = stitching.window(clip)
        #expect(window.shape == [1, 16, 1])
        let values = window.tensor.doubles
        #expect(Array(values[0..<6]) == [1, 2, 3, 4, 0, 0])
        let copy = (0..<10).map { 1 + 3 * Double($0) / 9 }
        #expect(zip(values[6...], copy).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(
            stitching.layout(clipLength: 4) == WindowLayout(validLength: 16, magnifiedStart: 6))
    }

    @Test func longClipsArePadded() {
        let clip = Variable(Tensor(repeating: 1, shape: [1, 9, 2]))
        #expect(stitching.window(clip).tensor.sum() == 18)
        #expect(stitching.window(clip).shape == [1, 16, 2])
        #expect(stitching.layout(clipLength: 9) == WindowLayout(validLength: 9))
    }

    @Test func stitchingHasItsGradient() {
        let clip = Tensor(normal: [1, 4, 2], key: RandomKey(seed: 2), dtype: .float64)
        #expect(GradientCheck.worstError([clip]) { stitching.window($0[0]) } < 1e-7)
    }

    @Test func detectionsOnTheCopyComeBack() {
        let action = Item(Segment(start: 1, end: 2), label: 3)
        let both = stitching.targets([action], clipLength: 4)
        #expect(both.count == 2)
        #expect(both[1].place == Segment(start: 9, end: 12))
        let found = stitching.detections(
            both,
            clipLength: 4)
        #expect(found.map(\.place) == [action.place, action.place])
        // One that lies in the gap is empty once clipped.
        let lost = stitching.detections(
            [Item(Segment(start: 4, end: 5.5), label: 0, score: 1)],
            clipLength: 4)
        #expect(lost.isEmpty)
        // One that starts there and ends in the copy is the clip's beginning.
        let early = stitching.detections(
            [Item(Segment(start: 5.5, end: 9), label: 0, score: 1)],
            clipLength: 4)
        #expect(early.map(\.place) == [Segment(start: 0, end: 1)])
    }
}
