// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import PointCloudAnalysis
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
            let path = try prepared(folder).folder + "/index.json"
            let index = try String(contentsOfFile: path, encoding: .utf8)
            let damaged = index.replacing(place, with: text)
            #expect(damaged != index)
            try AtomicFile.write(damaged, to: path)
            expectLine("prepare") { try PreparedPoints(folder: "\(folder)/prepared-grid-0.5") }
            // Made again, whatever the old index says.
            _ = try prepared(folder)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == index)
        }
    }

    @Test func damagedRecordsAreOneLine() throws {
        try withFolder { folder in
            let prepared = try prepared(folder)
            let entry = try #require(prepared.scenes(.validation).first)
            for (name, offset, bytes) in [
                ("points", 22, [UInt8](repeating: 0x7F, count: 2)),
                ("points", 0, [0, 0, 0xC0, 0x7F]), ("originals", 0, [255, 255, 255, 255]),
                ("originals", 4, [2, 0, 0, 0]),
            ] {
                let path = "\(prepared.folder)/scenes/\(entry.id).\(name)"
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
}
