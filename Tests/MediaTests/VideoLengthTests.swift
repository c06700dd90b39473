// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Testing

/// The length of a film is that of its pictures, by its packets.
@Suite("Length of films", .enabled(if: MediaFixtures.canMakeClips)) struct VideoLengthTests {
    private static let pictures = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2"]
    private static let sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=5"]
    private static let codecs = [
        "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac",
    ]

    @Test(arguments: ["mkv", "mp4", "ts", "webm"]) func soundMayOutlastThePictures(
        _ ending: String
    ) throws {
        let codecs =
            ending == "webm"
            ? ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"] : Self.codecs
        let path = try MediaFixtures.make(
            "sound.\(ending)", Self.pictures + Self.sound + codecs)
        let length = try VideoLength.measure(path)
        #expect(abs(length.pictures - 2) < 2e-3, "\(length)")
        #expect(abs(length.content - 5) < 0.1 && length.missing == nil, "\(length)")
        // All frames asked for by the length are there.
        let reader = try VideoReader(path: path, resize: .original)
        let times = stride(from: 0, to: length.pictures - 1e-6, by: 0.25).map(\.self)
        let clip = try reader.frames(at: times)
        #expect(times.count == 8 && clip.paddedFrames == 0)
    }

    @Test func filesThatAnnounceNothingAreMeasured() throws {
        let raw = try MediaFixtures.make(
            "raw.h264", MediaFixtures.counting(100) + MediaFixtures.h264 + ["-f", "h264"])
        let live = try MediaFixtures.make(
            "live.webm",
            Self.pictures + ["-c:v", "libvpx", "-deadline", "realtime", "-live", "1"])
        for (path, seconds) in [(raw, 4.0), (live, 2.0)] {
            #expect(try VideoInfo.probe(path).announcedDuration == nil, "\(path)")
            let length = try VideoLength.measure(path)
            #expect(abs(length.pictures - seconds) < 2e-3, "\(path): \(length)")
        }
    }

    @Test(arguments: ["mkv", "mp4", "ts"]) func largeFilmsAreMeasuredAtTheirEnd(
        _ ending: String
    ) throws {
        let source = try MediaFixtures.make(
            "large.mkv",
            ["-f", "lavfi", "-i", "nullsrc=s=320x240:r=25:d=8,noise=alls=100:allf=t"]
                + ["-c:v", "mpeg2video", "-qscale:v", "1", "-g", "12", "-bf", "2"]
                + ["-pix_fmt", "yuv420p"])
        let path = try MediaFixtures.make("copied.\(ending)", ["-i", source, "-c", "copy"])
        let size = try #require(
            FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)
        try #require(size.intValue > 8 << 20, "\(size): read whole, which is tested elsewhere")
        let length = try VideoLength.measure(path)
        #expect(abs(length.pictures - 8) < 2e-3, "\(length)")
    }

    /// Frames that an edit list hides count as little as those that are not there any more.
    @Test func theLengthIsOfWhatIsShown() throws {
        let path = try MediaFixtures.make(
            "shown.mp4", ["-ss", "1.2", "-i", MediaFixtures.counted(), "-c", "copy"])
        #expect(abs(try VideoLength.measure(path).pictures - 2.8) < 2e-3)
        let whole = try Data(
            contentsOf: URL(
                filePath: MediaFixtures.make(
                    "front.mp4",
                    ["-i", MediaFixtures.moving(), "-c", "copy", "-movflags", "faststart"])))
        let cut = try MediaFixtures.write("cut.mp4", Array(whole.prefix(whole.count * 6 / 10)))
        let length = try VideoLength.measure(cut)
        #expect(length.pictures < 3 && length.pictures > 1, "\(length)")
        #expect(abs((length.missing ?? 0) + length.content - 4) < 2e-3, "\(length)")
    }

    @Test(arguments: ["mkv", "mp4"]) func playersPlayTheSoundBeforeTheFirstPicture(
        _ ending: String
    ) throws {
        let path = try MediaFixtures.make(
            "late.\(ending)",
            ["-itsoffset", "0.5"] + Self.pictures + Self.sound + Self.codecs
                + ["-vsync", "passthrough"])
        let length = try VideoLength.measure(path)
        #expect(abs(length.lead - 0.5) < 0.05, "\(length)")
        #expect(abs(length.pictures - 2) < 2e-3, "\(length)")
        // A clock that starts late is none of that.
        let offset = try MediaFixtures.make(
            "clock.\(ending)", Self.pictures + Self.codecs + ["-output_ts_offset", "7.5"])
        let late = try VideoLength.measure(offset)
        #expect(late.lead == 0 && late.missing == nil, "\(late)")
        #expect(abs(late.pictures - 2) < 2e-3, "\(late)")
    }
}
