// SPDX-License-Identifier: Apache-2.0
import Foundation
import Preparation
import Regions
import TemporalActionDetection
import Testing

/// Preparing data sets of other forms, with lists of videos to leave out, by several threads.
@Suite("Preparation of data sets") struct PreparationFormsTests {
    private func prepared(
        _ fixture: TemporalFixture, _ settings: [String], threads: Int = 2
    ) throws -> PreparedFrames {
        try TemporalPreparation(fixture.recipe(settings)).run(threads: threads)
    }

    private func bytes(_ frames: PreparedFrames) throws -> [String: Data] {
        let folder = frames.folder + "/frames"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return Dictionary(
            uniqueKeysWithValues: try names.map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
            })
    }

    @Test("frames and index do not depend on the number of threads") func threads() throws {
        let fixture = try TemporalFixture()
        let one = try prepared(fixture, ["data.prepared=\(fixture.path)/one"], threads: 1)
        let many = try prepared(fixture, ["data.prepared=\(fixture.path)/many"], threads: 3)
        #expect(one.index == many.index)
        #expect(try bytes(one) == bytes(many))
        #expect(one.index.videos.count == 3)
    }

    @Test("a table is prepared, and what training uses is written as ActivityNet JSON")
    func table() throws {
        let fixture = try TemporalFixture()
        let table = """
            video,start,end,label,subset
            one.y4m,1,3,up,training
            two.y4m,1,2,up,validation
            none,1,2,up,validation
            """
        try Data(table.utf8).write(to: URL(fileURLWithPath: fixture.path + "/t.csv"))
        let settings = ["data.annotations=\(fixture.path)/t.csv"]
        let frames = try prepared(fixture, settings)
        #expect(frames.index.videos.map(\.id) == ["one.y4m", "two.y4m"])
        #expect(frames.index.videos.map(\.frames) == [32, 12])
        #expect(frames.index.skipped.map(\.id) == ["none"])
        let written = try ActivityNetAnnotations.read(frames.folder + "/annotations.json")
        #expect(written.videos.map(\.duration) == [8, 3])
        #expect(written.videos.map(\.subset) == ["training", "validation"])
        #expect(written.videos.flatMap { $0.annotations.map(\.segment.start) } == [1, 1])
        let read = try RecipeAnnotations(fixture.recipe(settings).data)
            .read(prepared: frames)
        #expect(read.videos.map(\.annotations) == written.videos.map(\.annotations))
        let blocked = try BlockedVideos.read(frames.folder + "/blocked.json")
        #expect(blocked == ["none"])
    }

    @Test("several data sets are one: their annotations joined, videos found in any folder")
    func severalSets() throws {
        let fixture = try TemporalFixture()
        let other = fixture.path + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: fixture.path + "/two.y4m", toPath: other + "/three.y4m")
        try Data("video,start,end,label,subset\nthree.y4m,0.5,1,turn,training\n".utf8)
            .write(to: URL(fileURLWithPath: other + "/t.csv"))
        let settings = [
            "data.annotations=[\(fixture.path)/annotations.json, \(other)/t.csv]",
            "data.videos=[\(fixture.path), \(other)]",
        ]
        let recipe = try fixture.recipe(settings)
        #expect(recipe.data.prepared == fixture.path + "/prepared-4fps-32")
        let frames = try prepared(fixture, settings)
        #expect(frames.index.videos.map(\.id) == ["x/1", "x/2", "y", "three.y4m"])
        let read = try RecipeAnnotations(recipe.data).read(prepared: frames)
        #expect(read.labels == ["down", "turn", "up"])
        #expect(read.videos.map(\.subset) == ["training", "training", "validation", "training"])
    }

    @Test("a video in two data sets is an error that names both") func twice() throws {
        let fixture = try TemporalFixture()
        let copy = fixture.path + "/copy.json"
        try FileManager.default.copyItem(
            atPath: fixture.path + "/annotations.json", toPath: copy)
        #expect {
            try prepared(
                fixture, ["data.annotations=[\(fixture.path)/annotations.json, \(copy)]"])
        } throws: {
            "\($0)".contains("video \"x/1\" is in ") && "\($0)".contains("copy.json")
        }
    }

    @Test("listed videos are left out with their reasons") func leftOut() throws {
        let fixture = try TemporalFixture()
        try Data(#"{"y": "gone"}"#.utf8)
            .write(to: URL(fileURLWithPath: fixture.path + "/b.json"))
        let settings = ["data.excludedVideos=[x/2]", "data.blockedVideos=\(fixture.path)/b.json"]
        let frames = try prepared(fixture, settings)
        #expect(frames.index.videos.map(\.id) == ["x/1"])
        #expect(frames.index.skipped.map(\.id) == ["x/2", "y"])
        #expect(frames.index.skipped[0].reason == "in data.excludedVideos")
        #expect(frames.index.skipped[1].reason.hasPrefix("blocked by "))
    }

    @Test("a check opens every video and writes nothing") func check() throws {
        let fixture = try TemporalFixture()
        try fixture.annotate(
            fixture.annotations
                .replacing("\"source\": \"two.y4m\"", with: "\"source\": \"three.y4m\"")
                .replacing("\"start\": 4, \"end\": 8", with: "\"start\": 7, \"end\": 11"))
        var outcomes: [String] = []
        let index = try TemporalPreparation(fixture.recipe()).check(threads: 1) { event in
            guard case .skipped(let reason) = event.outcome else { return }
            outcomes.append("\(event.done)/\(event.total) \(reason)")
        }
        #expect(index.videos.map(\.id) == ["x/1"])
        #expect(index.videos[0].frames == 16)
        #expect(outcomes.count == 2)
        #expect(outcomes[0].contains("one.y4m: 1 s from 7 s on, the annotation says 4 s"))
        #expect(outcomes[1].contains("no file three.y4m"))
        #expect(!FileManager.default.fileExists(atPath: try fixture.recipe().data.prepared))
    }

    @Test("a film much longer than annotated is kept and told of") func surplus() throws {
        let fixture = try TemporalFixture()
        try fixture.annotate(
            fixture.annotations.replacing("\"duration\": 3", with: "\"duration\": 1.9"))
        let frames = try prepared(fixture, [])
        let surplus = try #require(frames.index.videos.last?.surplus)
        #expect(abs(surplus - 1.1) < 1e-9)
        #expect(frames.index.videos.first?.surplus == nil)
    }
}
