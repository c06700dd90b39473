// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import PointCloudAnalysis
import Testing

/// `written.las` and `written.ply` were read by laspy and plyfile: `make_points.py --check`.
///
/// `DR2NET_MAKE_FIXTURES=1` in the environment writes both anew.
@Suite("LAS and PLY writers") struct PointWriterTests {
    /// Checks that a file has a fixture's bytes.
    private func compare(_ path: String, with name: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        if ProcessInfo.processInfo.environment["DR2NET_MAKE_FIXTURES"] != nil {
            try data.write(to: URL(fileURLWithPath: PointFixture.path(name)))
        }
        #expect(try [UInt8](data) == PointFixture.bytes(name))
    }

    /// Writes the cloud in two blocks.
    private func append(to sink: inout any PointSink) throws {
        let cloud = try PointFixture.cloud()
        for range in [0..<9, 9..<16] {
            try sink.append(
                PointBlock(
                    positions: Array(cloud.positions[range]),
                    intensities: cloud.intensities.map { Array($0[range]) },
                    colors: cloud.colors.map { Array($0[range]) },
                    labels: cloud.labels.map { Array($0[range]) }))
        }
    }

    @Test func lasIsWhatLaspyRead() throws {
        try withFolder { folder in
            let path = "\(folder)/a.las"
            try LASWriter.write(
                to: path, scale: SIMD3(repeating: 1.0 / 1024), hasColors: true
            ) { try append(to: &$0) }
            try compare(path, with: "written.las")
            var reader = try PointFile.open(path)
            #expect(try reader.rest() == PointFixture.cloud())
        }
    }

    @Test func plyIsWhatPlyfileRead() throws {
        try withFolder { folder in
            let path = "\(folder)/a.ply"
            try PLYWriter.write(to: path, contents: [.colors, .intensities, .labels]) {
                try append(to: &$0)
            }
            try compare(path, with: "written.ply")
            var reader = try PointFile.open(path)
            #expect(try reader.rest() == PointFixture.cloud())
        }
    }

    @Test func pointsAloneAreEnough() throws {
        try withFolder { folder in
            let positions = [SIMD3(1.5, -2.25, 1e6), SIMD3(0, 0, 0)]
            try PLYWriter.write(to: "\(folder)/a.ply", contents: []) {
                try $0.append(PointBlock(positions: positions))
            }
            var reader = try PointFile.open("\(folder)/a.ply")
            #expect(try reader.rest() == PointBlock(positions: positions))
            try LASWriter.write(to: "\(folder)/a.las", hasColors: false) {
                try $0.append(PointBlock(positions: positions))
            }
            reader = try PointFile.open("\(folder)/a.las")
            let read = try reader.rest()
            #expect(read.positions == positions && read.labels == [0, 0] && read.colors == nil)
        }
    }

    @Test func whatDoesNotFitLeavesTheOldFile() throws {
        try withFolder { folder in
            let path = "\(folder)/a.las"
            try "old".write(toFile: path, atomically: true, encoding: .utf8)
            let far = PointBlock(positions: [SIMD3(0, 0, 0), SIMD3(0, 3e6, 0)])
            let high = PointBlock(positions: [SIMD3(0, 0, 0)], labels: [256])
            for (block, text) in [(far, "choose a larger scale"), (high, "the class 256")] {
                #expect {
                    try LASWriter.write(to: path, hasColors: false) { try $0.append(block) }
                } throws: {
                    "\($0)".contains(text) && "\($0)".contains(path)
                }
            }
            #expect(throws: InputError.self) {
                try PLYWriter.write(to: path, contents: []) { _ in }
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.las"])
        }
    }
}
