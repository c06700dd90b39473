// SPDX-License-Identifier: Apache-2.0
import Regions
import TemporalActionDetection
import Tensors
import Testing

@Suite("Training windows") struct TrainingWindowTests {
    private func cut(_ length: Int, timeScale: Double, flips: Bool = true) throws
        -> TemporalRecipe.Data
    {
        var data = try TemporalFixture().recipe().data
        data.windowFrames = length
        data.windowOverlap = 0.5
        data.timeScale = timeScale
        data.flips = flips
        return data
    }

    private let keys = (0..<400).map { RandomKey(seed: 8).child($0) }

    @Test func everyDrawLiesInTheVideo() throws {
        for (timeScale, frames) in [(1.0, 50), (1.5, 50), (4, 17), (2, 16), (4, 3), (1.5, 1)] {
            let data = try cut(16, timeScale: timeScale)
            for key in keys {
                let window = TrainingWindow(start: 8, videoFrames: frames, data: data, key: key)
                #expect(window.frames.count <= 16 && !window.frames.isEmpty)
                #expect(window.frames == window.frames.sorted())
                #expect(window.frames.allSatisfy { (0..<frames).contains($0) }, "\(window)")
                #expect(window.pace >= 1 / timeScale && window.pace <= timeScale)
                // A window that is not full runs from the first frame to the last.
                if window.frames.count < 16, let last = window.frames.last {
                    #expect(window.frames[0] == 0)
                    #expect(Double(last) >= Double(frames) - 1.5 - window.pace)
                }
            }
        }
    }

    @Test func withoutScaleAWindowIsARunOfFrames() throws {
        let data = try cut(16, timeScale: 1, flips: false)
        var starts: Set<Int> = []
        for key in keys {
            let window = TrainingWindow(start: 8, videoFrames: 50, data: data, key: key)
            let first = try #require(window.frames.first)
            #expect(window.frames == Array(first..<first + 16))
            #expect(!window.isFlipped)
            starts.insert(first)
        }
        // Half a step of 8 to either side.
        #expect(starts == Set(4...12))
    }

    @Test func halfOfTheWindowsAreMirrored() throws {
        let data = try cut(16, timeScale: 1)
        let mirrored = keys.filter {
            TrainingWindow(start: 0, videoFrames: 50, data: data, key: $0).isFlipped
        }
        #expect((150...250).contains(mirrored.count))
    }

    @Test func targetsMoveWithThePace() throws {
        let data = try cut(16, timeScale: 3)
        for key in keys {
            let window = TrainingWindow(start: 20, videoFrames: 200, data: data, key: key)
            // Position p shows frame frames[p], to the frame; frame k is at k / 4 s.
            let seconds = window.seconds(VideoClock(rate: 4))
            let action = Segment(
                start: Double(window.frames[3]) / 4, end: Double(window.frames[9]) / 4)
            let target = try #require(
                seconds.target(Item(action, label: 0), length: 16, minimumVisible: 0.5)
            ).place
            #expect(abs(target.start - 3) <= 1 / window.pace + 1e-9, "\(window)")
            #expect(abs(target.end - 9) <= 1 / window.pace + 1e-9, "\(window)")
        }
    }
}
