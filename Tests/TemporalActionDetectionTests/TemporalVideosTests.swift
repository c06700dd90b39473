// SPDX-License-Identifier: Apache-2.0
import Foundation
import Preparation
import TemporalActionDetection
import Testing

/// Finding films by ids, ids by films, and how long they are.
@Suite("Films of videos") struct TemporalVideosTests {
    static let ffmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Writes annotations as a table of videos in which nothing happens.
    private func table(_ fixture: TemporalFixture, _ ids: [String]) throws -> [String] {
        let rows = ids.map { "\($0),,,,training\n" }.joined()
        try Data(("video,start,end,label,subset\n" + rows).utf8)
            .write(to: URL(filePath: fixture.path + "/t.csv"))
        return ["data.annotations=\(fixture.path)/t.csv"]
    }

    private func checked(
        _ fixture: TemporalFixture, _ settings: [String]
    ) throws -> PreparedFrames.Index {
        try TemporalPreparation(fixture.recipe(settings)).check()
    }

    @Test("by id in any ending, in any case, however letters are composed") func names() throws {
        let fixture = try TemporalFixture()
        let film = fixture.path + "/two.y4m"
        // Composed as one letter in the annotation and as two in the folder.
        let names = [
            ("a", "a.MKV"), ("b", "v_b.Y4m"), ("c", "c.vid"), ("caf\u{E9}", "cafe\u{301}.mp4"),
            ("sub/d", "sub/d.MpG"), ("e.mp4", "e.avi"), ("v_f", "v_f.mov"), ("g", "g.h.i"),
        ]
        try FileManager.default.createDirectory(
            atPath: fixture.path + "/sub", withIntermediateDirectories: true)
        for (_, name) in names {
            try FileManager.default.copyItem(atPath: film, toPath: "\(fixture.path)/\(name)")
        }
        // Files beside a film of which none is one.
        for name in ["c.json", "c.txt", "c.srt", "h.txt"] {
            try Data("{}".utf8).write(to: URL(filePath: "\(fixture.path)/\(name)"))
        }
        let settings = try table(fixture, names.map(\.0) + ["h"])
        let index = try checked(fixture, settings)
        #expect(index.videos.map(\.id) == names.dropLast().map(\.0))
        #expect(index.skipped.map(\.id) == ["g", "h"])
        let ids = VideoIDs(try fixture.recipe(settings).data)
        for (id, name) in names.dropLast() { #expect(ids.id(of: "/any/\(name)") == id, "\(name)") }
        #expect(ids.id(of: "v_new.mp4") == "v_new" && ids.id(of: "new.v.mkv") == "new.v")
    }

    @Test("predictions go by the id whose film it is, a part of a film by none") func sources()
        throws
    {
        let fixture = try TemporalFixture()
        let ids = VideoIDs(try fixture.recipe().data)
        #expect(ids.id(of: "/any/two.y4m") == "y" && ids.id(of: "two.mkv") == "y")
        #expect(ids.id(of: "one.y4m") == "one")
    }

    @Test("a JSON video without a duration is measured") func measured() throws {
        let fixture = try TemporalFixture()
        try fixture.annotate(
            fixture.annotations.replacing("\"duration\": 3, ", with: "")
                .replacing(
                    "\"duration\": 4, \"source\": \"one.y4m\", \"start\": 4",
                    with:
                        "\"source\": \"one.y4m\", \"start\": 4"))
        let (frames, outcomes) = try fixture.prepare(fixture.recipe())
        #expect(outcomes == ["x/1 16 frames", "x/2 16 frames", "y 12 frames"])
        #expect(frames.index.videos.map(\.duration) == [4, 4, 3])
        let written = try ActivityNetAnnotations.read(frames.folder + "/annotations.json")
        #expect(written.videos.map(\.duration) == [4, 4, 3])
        let reading = try RecipeAnnotations(fixture.recipe().data)
        #expect(try reading.readWithoutVideos() == nil)
        #expect(try reading.read(prepared: frames).videos.map(\.duration) == [4, 4, 3])
    }

    @Test("a film of 2 s with 5 s of sound has 2 s of frames", .enabled(if: ffmpeg != nil))
    func sound() throws {
        let fixture = try TemporalFixture()
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.ffmpeg))
        process.arguments =
            ["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2"]
            + ["-f", "lavfi", "-i", "sine=duration=5", "-c:v", "ffv1", "-c:a", "pcm_s16le"]
            + [fixture.path + "/z.mkv"]
        try process.run()
        process.waitUntilExit()
        // The length of the picture, measured, and that of the sound, as other tools write it.
        let measured = try table(fixture, ["z"])
        #expect(try checked(fixture, measured).videos.map(\.frames) == [8])
        try fixture.annotate(
            #"{"database": {"z": {"subset": "training", "duration": 5, "annotations": []}}}"#)
        let index = try checked(fixture, [])
        #expect(index.videos.map(\.frames) == [8] && index.skipped.isEmpty, "\(index)")
        #expect(abs(index.videos[0].duration - 2) < 2e-3)
        let film = try VideoFeatures(path: fixture.path + "/z.mkv", rate: 4, size: 32)
        #expect(abs(film.duration - 2) < 2e-3 && film.frames == 8)
    }
}
