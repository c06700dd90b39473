// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import PointCloudAnalysis
import Preparation
import Testing

@Suite("Prepared points") struct PreparedPointsTests {
    private func prepared(_ folder: String) throws -> PreparedPoints {
        let path = "\(folder)/cloud.las"
        if !FileManager.default.fileExists(atPath: path) {
            try DataFixture.writeLAS(DataFixture.cloud(300), to: path)
        }
        return try PointPreparation(DataFixture.recipe(folder, DataFixture.split)).run()
    }

    @Test(arguments: [
        ("\"points\" : ", "\"points\" : 9"), ("\"points\" : ", "\"points\" : -"),
        ("\"points\" : ", "\"points\" : 999999999999999"),
        ("\"originals\" : ", "\"originals\" : 7"), ("\"counts\" : [", "\"counts\" : [1,"),
        ("\"names\" : [", "\"names\" : [\"more\","), ("\"codes\" : [", "\"codes\" : [[],"),
        ("\"origin\" : [", "\"origin\" : [0,"), ("\"subset\" : \"", "\"subset\" : \"x"), ("{", ""),
    ])
    func aDamagedIndexIsOneLine(place: String, text: String) throws {
        try withFolder { folder in
            let parent = try prepared(folder).folder
            let path = parent + "/index.json"
            let index = try String(contentsOfFile: path, encoding: .utf8)
            let damaged = index.replacing(place, with: text)
            #expect(damaged != index)
            try AtomicFile.write(damaged, to: path)
            expectLine("prepare") { try PreparedPoints(folder: parent) }
            // Made again, whatever the old index says.
            _ = try prepared(folder)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == index)
        }
    }

    @Test func damagedRecordsAreOneLine() throws {
        try withFolder { folder in
            let prepared = try prepared(folder)
            let entry = try #require(prepared.scenes(.validation).first)
            let points = prepared.path(of: entry), originals = prepared.originalsPath(of: entry)
            for (path, offset, bytes) in [
                (points, 22, [UInt8](repeating: 0x7F, count: 2)),
                (points, 0, [0, 0, 0xC0, 0x7F]), (originals, 0, [255, 255, 255, 255]),
                (originals, 4, [2, 0, 0, 0]),
            ] {
                let good = try Data(contentsOf: URL(fileURLWithPath: path))
                var bad = good
                bad.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                try AtomicFile.write(bad, to: path)
                expectLine("impossible numbers") {
                    _ = try prepared.load(entry)
                    try prepared.forEachOriginal(of: entry) { _, _ in }
                    return 0
                }
                try AtomicFile.write(good, to: path)
            }
            expectLine("prepare") { try PreparedPoints(folder: "\(folder)/nothing") }
        }
    }

    /// Everything that scoring reads of a prepared folder.
    private func contents(_ prepared: PreparedPoints) throws -> [String] {
        try prepared.index.scenes.flatMap { entry in
            let scene = try prepared.load(entry)
            var lines = ["\(entry.id) \(entry.subset) \(scene.positions) \(scene.labels)"]
            if entry.subset == .validation {
                try prepared.forEachOriginal(of: entry) { lines.append("\($0) \($1)") }
            }
            return lines
        }
    }

    @Test(arguments: [
        ("classes: {low: [6], high: [2]}\n  ignore: [1]", "at: 5"),
        ("classes: {low: [2, 1], high: [6]}", "at: 5"),
        ("classes: {low: [2]}\n  ignore: [1, 6]", "at: 5"),
        ("classes: {low: [2], high: [6]}\n  ignore: [1]", "at: 7"),
        ("classes: {low: [2], high: [6]}\n  ignore: [1]", "at: 5, gap: 1"),
        ("classes: {low: [2], high: [6]}\n  ignore: [1]", "at: 5, training: above"),
    ])
    func recipesThatDifferLiveBesideEachOther(classes: String, split: String) throws {
        try withFolder { folder in
            try DataFixture.writeLAS(DataFixture.cloud(400), to: "\(folder)/cloud.las")
            func recipe(_ classes: String, _ split: String, _ more: String) throws
                -> PointDataRecipe
            {
                try DataFixture.recipe(
                    text: "data:\n  kind: scenes\n  source: \(folder)/cloud.las\n  \(classes)\n"
                        + "  split: {axis: x, \(split)}\n  grid: 0.5\n  radius: 2\n\(more)")
            }
            // In the folder beside the source, and in one that both recipes name.
            for more in ["", "  prepared: \(folder)/named\n"] {
                let own = try recipe(
                    "classes: {low: [2], high: [6]}\n  ignore: [1]", "at: 5", more)
                let other = try recipe(classes, split, more)
                let opened = try PointPreparation(own).run()
                let before = try contents(opened)
                let foreign = try PointPreparation(other).run()
                #expect(try contents(foreign) != before)
                #expect(try contents(opened) == before)
                #expect(try contents(PreparedPoints(folder: own.prepared)) == before)
                try opened.check(are: own)
                expectLine("the recipe has") { try foreign.check(are: own) }
                var made = 0
                try PointPreparation(own).run {
                    if $0.outcome != .known { made += 1 }
                }
                #expect(made == 0)
            }
        }
    }

    @Test func whatIsInUseIsNotOverwrittenByAnotherSource() throws {
        try withFolder { folder in
            let opened = try prepared(folder)
            let before = try contents(opened)
            let files = try FileManager.default.contentsOfDirectory(
                atPath: opened.folder + "/scenes")
            for (seed, isStillThere) in [(UInt64(2), true), (3, false)] {
                try DataFixture.writeLAS(
                    DataFixture.cloud(300, seed: seed), to: "\(folder)/cloud.las")
                let again = try prepared(folder)
                #expect(again.folder == opened.folder)
                #expect(try contents(again) != before)
                if isStillThere {
                    #expect(try contents(opened) == before)
                } else {
                    expectLine("is gone") { try contents(opened) }
                }
            }
            // Not more than the sources of now and those before them.
            let left = try FileManager.default.contentsOfDirectory(
                atPath: opened.folder + "/scenes")
            #expect(left.count == 2 * files.count)
        }
    }
}
