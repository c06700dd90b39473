// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Testing

@Suite("VideoReader", .enabled(if: MediaFixtures.canMakeClips))
struct VideoReaderTests {
    @Test func givesEveryFrameByItsTime() throws {
        let reader = try VideoReader(path: MediaFixtures.counted(), resize: .original)
        let clip = try reader.frames(at: (0..<100).map { Double($0) / 25 })
        #expect(clip.countedFrames == Array(0..<100))
        #expect(clip.timestamps.enumerated().allSatisfy { abs($1 - Double($0) / 25) < 1e-9 })
        #expect(clip.warnings == 0 && clip.paddedFrames == 0)
    }

    @Test func showsAFrameUntilTheNext() throws {
        let reader = try VideoReader(path: MediaFixtures.counted(), resize: .original)
        let clip = try reader.frames(at: [0, 0.039, 0.0399999, 0.04, 0.041, 0.079, 0.2, 3.99])
        #expect(clip.countedFrames == [0, 0, 1, 1, 1, 1, 5, 99])
    }

    @Test func samplesBySkippingFramesNothingNeeds() throws {
        let path = try MediaFixtures.moving()
        let all = try VideoReader(path: path, resize: .original)
            .frames(at: (0..<100).map { Double($0) / 25 })
        let frameBytes = all.pixels.count / 100
        for stride in [2, 3, 5, 7, 30] {
            let wanted = Array(Swift.stride(from: 0, to: 100, by: stride))
            let some = try VideoReader(path: path, resize: .original)
                .frames(at: wanted.map { Double($0) / 25 })
            for (index, frame) in wanted.enumerated() {
                let same =
                    some.pixels[index * frameBytes..<(index + 1) * frameBytes]
                    == all.pixels[frame * frameBytes..<(frame + 1) * frameBytes]
                #expect(same, "frame \(frame) at stride \(stride)")
            }
        }
    }

    @Test(arguments: [
        "mp4", "mkv", "ts", "avi", "open.mp4", "mpg", "webm", "mjpeg.mkv", "gif", "mpeg4.ts",
        "hevc.ts",
    ])
    func seeksToTheSameBitsAsDecodingFromTheStart(kind: String) throws {
        let encoder: [String] =
            switch kind {
            case "open.mp4":
                ["-c:v", "libx264", "-g", "20", "-x264-params", "open-gop=1:bframes=3"]
            case "avi", "mpeg4.ts": ["-c:v", "mpeg4", "-g", "15", "-q:v", "3"]
            case "mpg": ["-c:v", "mpeg2video", "-g", "15", "-bf", "2", "-q:v", "3"]
            case "webm": ["-c:v", "libvpx", "-g", "20", "-deadline", "realtime", "-cpu-used", "8"]
            case "hevc.ts": ["-c:v", "libx265", "-x265-params", "keyint=20:log-level=none"]
            case "mjpeg.mkv": ["-c:v", "mjpeg", "-q:v", "3"]
            case "gif": []
            default: ["-c:v", "libx264", "-g", "20", "-bf", "3"]
            }
        let path = try MediaFixtures.make(
            "seek.\(kind)",
            ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=4"] + encoder
                + (kind == "gif" ? [] : ["-pix_fmt", "yuv420p"]))
        let times = (0..<100).map { Double($0) / 25 }
        let all = try VideoReader(path: path, resize: .exact(width: 96, height: 64))
            .frames(at: times)
        let frameBytes = all.pixels.count / 100
        let jumping = try VideoReader(path: path, resize: .exact(width: 96, height: 64))
        for frame in [70, 10, 99, 0, 41, 39, 40, 20, 19, 21, 60, 98, 59, 1] {
            let one = try jumping.frames(at: [times[frame]])
            #expect(
                one.shows(all.pixels[frame * frameBytes..<(frame + 1) * frameBytes]),
                "\(kind): frame \(frame), got the one of \(one.timestamps) s")
            #expect(one.paddedFrames == 0)
        }
        let window = try jumping.frames(at: Array(times[33..<77]))
        #expect(window.shows(all.pixels[33 * frameBytes..<77 * frameBytes]))
        #expect(all.warnings == 0 && jumping.warnings == 0)
    }

    @Test func doesNotDependOnTheNumberOfDecodingThreads() throws {
        let path = try MediaFixtures.moving()
        let times = stride(from: 0.3, to: 3.9, by: 0.17).map { $0 }
        let one = try VideoReader(path: path, resize: .original, threads: 1).frames(at: times)
        let two = try VideoReader(path: path, resize: .original, threads: 2).frames(at: times)
        #expect(one.shows(two.pixels))
    }

    @Test func handlesVariableRates() throws {
        // Of 100 frames those numbered 0-9 and then every seventh are kept, each at its own time.
        let path = try MediaFixtures.make(
            "variable.mkv",
            [
                "-f", "lavfi", "-i",
                "color=c=black:s=64x48:r=25,format=yuv420p,geq=lum='16+2*N':cb=128:cr=128,"
                    + "select='lt(n\\,10)+not(mod(n\\,7))'",
                "-t", "4", "-fps_mode", "vfr",
            ] + MediaFixtures.h264)
        let kept = (0..<100).filter { $0 < 10 || $0 % 7 == 0 }
        let reader = try VideoReader(path: path, resize: .original)
        let times = (0..<98).map { Double($0) / 25 }
        let expected = (0..<98).map { time in kept.last { $0 <= time } ?? 0 }
        #expect(try reader.frames(at: times).countedFrames == expected)
    }

    @Test func startsAtTheFirstFrameWhateverTheClockSays() throws {
        for name in ["offset.ts", "offset.mkv", "offset.mp4"] {
            let path = try MediaFixtures.make(
                name,
                MediaFixtures.counting(50) + MediaFixtures.h264 + ["-output_ts_offset", "7.5"])
            let clip = try VideoReader(path: path, resize: .original)
                .frames(at: [0, 0.04, 0.4, 1, 1.96])
            #expect(clip.countedFrames == [0, 1, 10, 25, 49], "\(name)")
            #expect(clip.paddedFrames == 0)
        }
    }

    @Test func followsEditLists() throws {
        // Cut without encoding between key frames: the file keeps frames 24-29 but its edit list hides them.
        let source = try MediaFixtures.counted()
        let path = try MediaFixtures.make("edited.mp4", ["-ss", "1.2", "-i", source, "-c", "copy"])
        let reader = try VideoReader(path: path, resize: .original)
        #expect(try reader.frames(at: [0, 0.04, 0.4]).countedFrames == [30, 31, 40])
        #expect(try reader.frames(at: [2, 0.04 * 60]).countedFrames == [80, 90])
        #expect(try reader.frames(at: [0]).countedFrames == [30])
    }

    @Test func keepsItsSizeWhenTheFilmChangesIts() throws {
        var bytes: [UInt8] = []
        for (index, size) in ["64x48", "160x90"].enumerated() {
            let part = try MediaFixtures.make(
                "part\(index).ts",
                ["-f", "lavfi", "-i", "color=c=\(index == 0 ? "red" : "blue"):s=\(size):r=25:d=1"]
                    + ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
                    + ["-output_ts_offset", "\(index)"])
            bytes += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        let path = try MediaFixtures.write("parts.ts", bytes)
        for mode in [ResizeMode.original, .shortSideThenCentreCrop(side: 40, crop: 32)] {
            let reader = try VideoReader(path: path, resize: mode)
            let clip = try reader.frames(at: [0.5, 1.5])
            let half = clip.pixels.count / 2
            #expect(clip.height == (mode == .original ? 48 : 32))
            #expect(clip.pixels[half - 3] > 200 && clip.pixels[half - 1] < 50)
            #expect(clip.pixels[half] < 50 && clip.pixels[half + 2] > 200)
        }
    }

    @Test func turnsAsTheDisplayMatrixSays() throws {
        let source = try MediaFixtures.moving()
        let upright = try VideoReader(path: source, resize: .original).frames(at: [1])
        for angle in [90, 180, 270] {
            // With this tag, ffmpeg 5.1 writes a matrix that turns counterclockwise, as its own players show it.
            let path = try MediaFixtures.make(
                "turned\(angle).mp4",
                ["-i", source, "-c", "copy", "-metadata:s:v:0", "rotate=\(angle)"])
            let reader = try VideoReader(path: path, resize: .original)
            #expect(reader.info.rotation == 360 - angle && !reader.info.isMirrored)
            let clip = try reader.frames(at: [1])
            let expected = turned(upright, clockwise: 360 - angle)
            #expect(clip.shows(expected.pixels) && clip.width == expected.width)
            #expect(reader.info.width == clip.width && reader.info.height == clip.height)
        }
    }

    private func turned(_ clip: Clip, clockwise: Int) -> (pixels: [UInt8], width: Int) {
        var (pixels, width, height) = (clip.pixels, clip.width, clip.height)
        for _ in 0..<clockwise / 90 {
            var next: [UInt8] = []
            for y in 0..<width {
                for x in 0..<height {
                    let source = ((height - 1 - x) * width + y) * 3
                    next += pixels[source..<source + 3]
                }
            }
            (pixels, width, height) = (next, height, width)
        }
        return (pixels, width)
    }

    @Test func repeatsAndCountsWhatIsOutsideTheFilm() throws {
        let reader = try VideoReader(path: MediaFixtures.counted(), resize: .original)
        let clip = try reader.frames(at: [-2, -0.5, 0, 3.96, 3.999, 4, 5, 1e9])
        #expect(clip.countedFrames == [0, 0, 0, 99, 99, 99, 99, 99])
        #expect(clip.paddedFrames == 5)
        #expect(try reader.frames(at: [2]).countedFrames == [50])
    }

    @Test func acceptsAnEmptyRequestAndRefusesImpossibleTimes() throws {
        let reader = try VideoReader(path: MediaFixtures.counted(), resize: .original)
        #expect(try reader.frames(at: []).pixels.isEmpty)
        for times in [[1, 0.5], [.nan], [.infinity], [2e9]] as [[Double]] {
            #expect(throws: InputError.self) { try reader.frames(at: times) }
        }
    }

    @Test func recoversAfterACancelledRequest() throws {
        let reader = try VideoReader(path: MediaFixtures.counted(), resize: .original)
        var asked = 0
        #expect(throws: InputError.self) {
            try reader.frames(at: [0, 0.4, 0.8, 1.2]) {
                asked += 1
                return asked == 3
            }
        }
        #expect(try reader.frames(at: [0.44, 0.48]).countedFrames == [11, 12])
    }

    @Test func probesWithoutDecoding() throws {
        let info = try VideoInfo.probe(MediaFixtures.counted())
        #expect(info.width == 64 && info.height == 48 && info.codec == "h264")
        #expect(info.container.contains("mp4") && info.rotation == 0 && !info.hasAudio)
        #expect(info.announcedDuration == 4 && info.averageFrameRate == 25)
    }
}
