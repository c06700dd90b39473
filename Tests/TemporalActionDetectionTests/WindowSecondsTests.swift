// SPDX-License-Identifier: Apache-2.0
import Regions
import TemporalActionDetection
import Testing

@Suite("Window seconds") struct WindowSecondsTests {
    /// Four frames a second, the window begins at frame 20, that is at 5 s.
    private let times = WindowSeconds(rate: 4, first: 20)

    @Test func targetsAreInPositions() {
        let whole = times.target(
            Item(Segment(start: 6, end: 7.5), label: 1), length: 16, minimumVisible: 0.5)
        #expect(whole == Item(Segment(start: 4, end: 10), label: 1))
        // From 4 to 6 s: half of it is before the window.
        let half = Segment(start: 4, end: 6)
        #expect(
            times.target(Item(half, label: 0), length: 16, minimumVisible: 0.5)
                == Item(Segment(start: 0, end: 4), label: 0))
        #expect(times.target(Item(half, label: 0), length: 16, minimumVisible: 0.51) == nil)
        // The last position is 15, at 8.75 s.
        #expect(
            times.target(
                Item(Segment(start: 8, end: 9), label: 0), length: 16, minimumVisible: 0.5)?.place
                == Segment(start: 12, end: 15))
        for outside in [Segment(start: 0, end: 5), Segment(start: 8.75, end: 12)] {
            #expect(times.target(Item(outside, label: 0), length: 16, minimumVisible: 0.01) == nil)
        }
    }

    @Test func positionsComeBackToSeconds() {
        #expect(
            times.seconds(Segment(start: 4, end: 10), duration: 60) == Segment(start: 6, end: 7.5))
        #expect(times.seconds(Segment(start: 4, end: 10), duration: 7) == Segment(start: 6, end: 7))
        #expect(times.seconds(Segment(start: 4, end: 10), duration: 6) == nil)
    }
}
