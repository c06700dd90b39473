// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Testing

@Suite("Damaged and foreign files")
struct DamagedFilesTests {
    /// Reads as a careless caller would: opens, measures, samples the whole, jumps back.
    private func readThrough(_ path: String) throws(InputError) -> Clip {
        let reader = try VideoReader(path: path, resize: .exact(width: 16, height: 16))
        let length = try reader.length()
        #expect(length.pictures > 0 && length.pictures <= length.content, "\(path): \(length)")
        _ = try reader.frames(at: [1.5])
        return try reader.frames(at: [-1, 0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 30])
    }

    private func message(_ path: String) -> String {
        do {
            _ = try readThrough(path)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func saysWhatIsWrongInOneLine() throws {
        let empty = try MediaFixtures.write("empty.mp4", [])
        let garbage = try MediaFixtures.write(
            "garbage.mp4", (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })
        let folder = MediaFixtures.folder.path
        let messages = [
            message("/nowhere/two\nlines.mp4"), message(empty), message(garbage), message(folder),
            message("with\0zero.mp4"), message("/dev/zero"),
        ]
        let found = [
            "No such file", "an empty file", "data that is not a readable video",
            "not a regular file", "a zero byte", "not a regular file",
        ]
        for (message, found) in zip(messages, found) {
            #expect(message.contains("found") && message.contains(found), "\(message)")
            #expect(message.contains("expected") && !message.contains("\n"))
        }
    }

    @Test func refusesAPictureTooLargeToBeTrue() throws {
        for size in ["60000 60000", "2000000000 2000000000", "16384 8193", "0 5", "-1 -1"] {
            let path = try MediaFixtures.write(
                "large.ppm", Array("P6\n\(size)\n255\n".utf8) + [UInt8](repeating: 7, count: 99))
            #expect(message(path) != "no error", "\(size)")
        }
    }

    @Test func readsNoOtherFilesThroughPlaylists() throws {
        let target = try MediaFixtures.write("secret.txt", Array("secret".utf8))
        let lists = [
            "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n\(target)\n",
            "list.ffconcat": "ffconcat version 1.0\nfile secret.txt\n",
        ]
        for (name, text) in lists {
            let path = try MediaFixtures.write(name, Array(text.utf8))
            #expect(message(path) != "no error")
        }
    }

    @Test(.enabled(if: MediaFixtures.canMakeClips))
    func refusesSoundAlone() throws {
        let path = try MediaFixtures.make(
            "sound.m4a", ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac"])
        #expect(message(path).contains("no video stream"))
        #expect(throws: InputError.self) { try VideoInfo.probe(path) }
        // The cover of an album is a picture stream, but no film.
        let cover = try MediaFixtures.write("cover.ppm", Array("P6 1 1 255 abc".utf8))
        let album = try MediaFixtures.make(
            "album.m4a",
            ["-i", path, "-i", cover, "-map", "0", "-map", "1", "-c:a", "copy", "-c:v", "png"]
                + ["-disposition:v", "attached_pic"])
        #expect(message(album).contains("no video stream"))
    }

    @Test(.enabled(if: MediaFixtures.canMakeClips), arguments: ["mp4", "front.mp4", "mkv", "ts"])
    func givesWhatATruncatedFileStillHolds(kind: String) throws {
        let extra = kind == "front.mp4" ? ["-movflags", "faststart"] : []
        let whole = try MediaFixtures.make(
            "whole.\(kind)",
            MediaFixtures.counting(100, noisy: true) + MediaFixtures.h264 + extra)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
        let times = (0..<100).map { Double($0) / 25 }
        var counts: [Int] = []
        for percent in [10, 50, 90, 100] {
            let path = try MediaFixtures.write(
                "cut\(percent).\(kind)", Array(bytes.prefix(bytes.count * percent / 100)))
            guard let clip = try? VideoReader(path: path, resize: .original).frames(at: times)
            else {
                // Without its index at the end, an MP4 tells nothing.
                let hasNoIndex = kind == "mp4" && percent < 100
                #expect(hasNoIndex || percent == 10, "\(message(path))")
                counts.append(0)
                continue
            }
            // The frames before the cut are right; of the last ones the damaged may be missing.
            let decodable = 100 - clip.paddedFrames
            let sound = max(0, decodable - 17)
            #expect(
                Array(clip.countedFrames.prefix(sound)) == Array(0..<sound), "\(kind) \(percent) %")
            #expect(percent == 100 || clip.paddedFrames > 0)
            counts.append(decodable)
        }
        #expect(counts == counts.sorted() && counts[3] == 100)
        if kind != "mp4" { #expect(counts[1] > 10 && counts[2] > counts[1], "\(counts)") }
    }

    @Test(.enabled(if: MediaFixtures.canMakeClips), arguments: ["mp4", "mkv", "ts", "avi", "gif"])
    func survivesFlippedBytes(kind: String) throws {
        let source = try MediaFixtures.tiny()
        let encoder = kind == "gif" || kind == "avi" ? [] : ["-c", "copy"]
        let whole = try MediaFixtures.make("flip.\(kind)", ["-i", source] + encoder)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
        var random = SplitMix(state: 20_240_601)
        var read = 0
        for round in 0..<120 {
            var damaged = bytes
            for _ in 0..<(1 + round % 8) {
                // Half of the damage hits the headers, where lengths and counts are.
                let range = round % 2 == 0 ? min(2_000, bytes.count) : bytes.count
                damaged[Int(random.next() % UInt64(range))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            let path = try MediaFixtures.write("flipped.\(kind)", damaged)
            do {
                let clip = try readThrough(path)
                #expect(clip.pixels.count == 9 * 16 * 16 * 3)
                read += 1
            } catch {
                #expect(error.description.contains("expected"))
            }
        }
        #expect(read > 0)
    }

    @Test(.enabled(if: MediaFixtures.canMakeClips))
    func countsDamageAndKeepsGoing() throws {
        let source = try MediaFixtures.make(
            "damage.ts",
            MediaFixtures.counting(100, noisy: true) + MediaFixtures.h264)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
        let middle = bytes.count / 2
        bytes.replaceSubrange(
            middle..<middle + 3_000, with: [UInt8](repeating: 0x55, count: 3_000))
        let path = try MediaFixtures.write("holed.ts", bytes)
        let clip = try VideoReader(path: path, resize: .original)
            .frames(at: (0..<100).map { Double($0) / 25 })
        #expect(clip.warnings > 0)
        #expect(Array(clip.countedFrames.prefix(20)) == Array(0..<20))
        #expect(Array(clip.countedFrames.suffix(20)) == Array(80..<100))
    }
}

/// Repeatable random numbers.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
