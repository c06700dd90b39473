// SPDX-License-Identifier: Apache-2.0
import Regions
import Testing

@Suite("Windows") struct WindowsTests {
    @Test func windowsAreAsWorkedByHand() {
        func windows(_ count: Int, _ length: Int, _ overlap: Double) -> [Range<Int>] {
            Windows(length: length, overlap: overlap)(of: count)
        }
        #expect(windows(40, 16, 0.5) == [0..<16, 8..<24, 16..<32, 24..<40])
        #expect(windows(42, 16, 0) == [0..<16, 16..<32, 26..<42])
        #expect(windows(16, 16, 0.5) == [0..<16])
        #expect(windows(17, 16, 0.5) == [0..<16, 1..<17])
        // A video shorter than a window.
        #expect(windows(5, 16, 0.5) == [0..<5])
    }

    @Test(arguments: [0, 0.3, 0.5, 0.95])
    func windowsCoverTheVideo(overlap: Double) {
        for frames in 1..<70 {
            let windows = Windows(length: 12, overlap: overlap)(of: frames)
            #expect(Set(windows.joined()) == Set(0..<frames))
            #expect(windows.allSatisfy { $0.count == min(12, frames) })
            #expect(Set(windows).count == windows.count)
        }
    }
}
