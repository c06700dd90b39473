// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Preparation
import TemporalActionDetection
import Tensors
import Testing

@Suite("Preparation") struct TemporalPreparationTests {
    /// Values of a byte: the byte itself.
    private let tables = PixelTables(.none)

    @Test func framesOfAPartAreThoseOfTheFilm() throws {
        let fixture = try TemporalFixture()
        let (frames, outcomes) = try fixture.prepare(fixture.recipe())
        #expect(outcomes == ["x/1 16 frames", "x/2 16 frames", "y 12 frames"])
        let tensor = try frames.tensor(
            video: try #require(frames.position(of: "x/2")), frames: 1..<3, isFlipped: false,
            tables: tables)
        #expect(tensor.shape == [2, 3, 32, 32])
        // 4.25 and 4.5 s of 8 frames a second: frames 34 and 36.
        let means = stride(from: 0, to: 2, by: 1).map { tensor.floats[$0 * 3 * 1024] }
        #expect(abs(means[0] - 102) <= 1 && abs(means[1] - 108) <= 1, "\(means)")
    }

    @Test func onlyWhatChangedIsDecodedAgain() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        try fixture.prepare(recipe)
        let present = ["x/1 present", "x/2 present", "y present"]
        #expect(try fixture.prepare(recipe).outcomes == present)
        // Another subset needs no decoding, another part of the film does.
        var text = fixture.annotations.replacing("\"validation\"", with: "\"testing\"")
        text = text.replacing("\"start\": 4, \"end\": 8", with: "\"start\": 2, \"end\": 6")
        try fixture.annotate(text)
        let (frames, outcomes) = try fixture.prepare(recipe)
        #expect(outcomes == ["x/1 present", "x/2 16 frames", "y present"])
        #expect(frames.index.videos.last?.subset == "testing")
    }

    /// Another film of the same length, with the same time.
    @Test func framesOfAReplacedFilmAreDecodedAgain() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let frames = try fixture.prepare(recipe).frames
        let annotations = try ActivityNetAnnotations.read(recipe.data.annotations[0])
        try frames.checkFilms(annotations, recipe.data)
        let film = URL(filePath: fixture.path + "/two.y4m")
        let date = try FileManager.default.attributesOfItem(atPath: film.path)[.modificationDate]
        var bytes = Data("YUV4MPEG2 W32 H32 F8:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".utf8)
        for frame in 0..<24 {
            bytes += Data("FRAME\n".utf8) + Data(repeating: UInt8(3 * frame + 7), count: 1024)
        }
        let length = try Data(contentsOf: film).count
        try #require(bytes.count == length)
        try bytes.write(to: film)
        try FileManager.default.setAttributes(
            [.modificationDate: date ?? Date()], ofItemAtPath: film.path)
        #expect {
            try frames.checkFilms(annotations, recipe.data)
        } throws: {
            "\($0)".contains("1 of 3 videos are not of the film")
        }
        #expect(
            try fixture.prepare(recipe).outcomes == ["x/1 present", "x/2 present", "y 12 frames"])
        // What is prepared outlives its films.
        try FileManager.default.removeItem(at: film)
        #expect(
            try fixture.prepare(recipe).outcomes == ["x/1 present", "x/2 present", "y present"])
        try frames.checkFilms(annotations, recipe.data)
    }

    @Test func anIndexWithoutStampsIsPreparedAgain() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let folder = try fixture.prepare(recipe).frames.folder
        let index = try String(contentsOfFile: folder + "/index.json", encoding: .utf8)
        let old = index.replacing("\"stamp\"", with: "\"unread\"")
        try Data(old.utf8).write(to: URL(filePath: folder + "/index.json"))
        let frames = try PreparedFrames(folder: folder, rate: 4, size: 32)
        #expect {
            try frames.checkFilms(.read(recipe.data.annotations[0]), recipe.data)
        } throws: {
            "\($0)".contains("before films were stamped; run dr2net tad prepare")
        }
        var warnings: [String] = [], decoded = 0
        try TemporalPreparation(recipe).run { event in
            if case .written = event.outcome { decoded += 1 }
        } warn: {
            warnings.append($0)
        }
        #expect(warnings.count == 1 && decoded == 3, "\(warnings)")
    }

    @Test func anUnfinishedPreparationGoesOn() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let folder = try fixture.prepare(recipe).frames.folder
        try FileManager.default.moveItem(
            atPath: folder + "/index.json", toPath: folder + "/index.partial.json")
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder + "/frames").max())
        try FileManager.default.removeItem(atPath: "\(folder)/frames/\(name)")
        #expect(
            try fixture.prepare(recipe).outcomes == ["x/1 present", "x/2 present", "y 12 frames"])
        #expect(!FileManager.default.fileExists(atPath: folder + "/index.partial.json"))
    }

    @Test func lengthsThatNoFilmHasAreLeftOut() throws {
        let fixture = try TemporalFixture()
        try fixture.annotate(
            fixture.annotations.replacing("\"duration\": 3", with: "\"duration\": 1e300"))
        let outcomes = try fixture.prepare(fixture.recipe()).outcomes
        #expect(outcomes.last?.hasPrefix("y skipped: ") == true, "\(outcomes)")
    }

    @Test(arguments: [#""frames": 9223372036854775807"#, #""frames": -1"#, #""frames": 13"#])
    func aHostileIndexIsRefused(frames: String) throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let folder = try fixture.prepare(recipe).frames.folder
        let index = try String(contentsOfFile: folder + "/index.json", encoding: .utf8)
        try Data(index.replacing("\"frames\" : 12", with: frames).utf8)
            .write(to: URL(fileURLWithPath: folder + "/index.json"))
        #expect(throws: InputError.self) {
            try PreparedFrames(folder: folder, rate: 4, size: 32)
        }
    }

    @Test func aMirroredFrameIsTheFrameFromTheRight() throws {
        let fixture = try TemporalFixture()
        let frames = try fixture.prepare(fixture.recipe()).frames
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: frames.folder + "/frames").max())
        let bytes: [UInt8] = (0..<12 * 3072).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(frames.folder)/frames/\(name)"))
        let plain = try frames.tensor(video: 2, frames: 3..<4, isFlipped: false, tables: tables)
        let flipped = try frames.tensor(video: 2, frames: 3..<4, isFlipped: true, tables: tables)
        let rows = stride(from: 0, to: 3072, by: 32)
        let values = plain.floats
        let mirrored = rows.flatMap { row -> [Float] in values[row..<row + 32].reversed() }
        #expect(flipped.floats == mirrored)
        // Green at row 1, column 5.
        let place: Int = 3 * 3072 + (32 + 5) * 3 + 1
        let green: UInt8 = bytes[place]
        #expect(plain.floats[1024 + 32 + 5] == Float(green))
    }
}
