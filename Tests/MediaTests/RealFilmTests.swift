// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Testing

/// Big Buck Bunny (see data-manifests), in the folder that DR2NET_DATA names.
private let film: String? = {
    guard let folder = ProcessInfo.processInfo.environment["DR2NET_DATA"] else { return nil }
    let path = folder + "/big-buck-bunny/bbb.mp4"
    guard FileManager.default.fileExists(atPath: path) else {
        print("skipped: no \(path); fetch it with `dr2net data fetch big-buck-bunny`")
        return nil
    }
    return path
}()

private let measures = ProcessInfo.processInfo.environment["DR2NET_MEASURE"] != nil

@Suite("Real film", .enabled(if: film != nil))
struct RealFilmTests {
    @Test func saysWhatTheFilmIs() throws {
        let info = try VideoInfo.probe(#require(film))
        #expect(info.width == 1280 && info.height == 720 && info.codec == "h264" && info.hasAudio)
        #expect(abs((info.announcedDuration ?? 0) - 596) < 2 && info.averageFrameRate == 24)
    }

    @Test func seeksToTheSameBits() throws {
        let path = try #require(film)
        let mode = ResizeMode.exact(width: 112, height: 112)
        let steady = try VideoReader(path: path, resize: mode)
            .frames(at: (0..<480).map { Double($0) / 24 })
        let jumping = try VideoReader(path: path, resize: mode)
        let frameBytes = 112 * 112 * 3
        for frame in [479, 3, 250, 249, 400, 121, 0] {
            let one = try jumping.frames(at: [Double(frame) / 24])
            #expect(
                one.shows(steady.pixels[frame * frameBytes..<(frame + 1) * frameBytes]),
                "frame \(frame)")
        }
        #expect(steady.warnings == 0 && steady.paddedFrames == 0)
    }

    /// Prints how fast the whole film is sampled; run alone with DR2NET_MEASURE=1.
    @Test(.enabled(if: measures), arguments: [1, 2])
    func measuresSampling(threads: Int) throws {
        let path = try #require(film)
        let mode = ResizeMode.exact(width: 112, height: 112)
        let clock = ContinuousClock()
        var frames = 0
        let opening = try clock.measure { _ = try VideoReader(path: path, resize: mode) }
        let elapsed = try clock.measure {
            let reader = try VideoReader(path: path, resize: mode, threads: threads)
            let clip = try reader.frames(at: (0..<2_386).map { Double($0) / 4 })
            #expect(clip.warnings == 0 && clip.paddedFrames <= 4, "\(clip.paddedFrames)")
            frames = clip.frameCount
        }
        let random = try clock.measure {
            let reader = try VideoReader(path: path, resize: mode, threads: threads)
            for window in 0..<20 {
                let start = Double(window * 7 % 20) * 29
                _ = try reader.frames(at: (0..<16).map { start + Double($0) / 4 })
            }
        }
        print("threads \(threads): open \(opening), \(frames) frames in \(elapsed),")
        print("20 windows of 16 frames at 4 a second in \(random)")
    }
}
