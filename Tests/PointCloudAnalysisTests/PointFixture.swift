// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import PointCloudAnalysis
import Tensors
import Testing

/// What `Tests/Fixtures/Points/make_points.py` made.
enum PointFixture {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Points").path

    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// The sixteen points of every file.
    static func cloud() throws -> PointBlock {
        let array = try Npy.readTensor(path("cloud.npy"))
        let values = array.doubles
        let rows = (0..<array.shape[0]).map { Array(values[8 * $0..<8 * $0 + 8]) }
        return PointBlock(
            positions: rows.map { SIMD3($0[0], $0[1], $0[2]) },
            intensities: rows.map { Float($0[3]) },
            colors: rows.map { SIMD3(UInt16($0[4]), UInt16($0[5]), UInt16($0[6])) },
            labels: rows.map { Int32($0[7]) })
    }

    /// All points of a file, read in blocks of a size.
    static func read(_ name: String, blocks limit: Int = 7) throws -> PointBlock {
        var reader = try PointFile.open(path(name))
        var blocks: [PointBlock] = []
        while let block = try reader.next(limit) {
            #expect(block.count <= limit)
            blocks.append(block)
        }
        var all = try #require(blocks.first)
        for block in blocks.dropFirst() { all.append(block) }
        #expect(reader.count == nil || reader.count == all.count)
        return all
    }
}

/// Checks that reading these bytes as a cloud fails with one line that contains `text`.
func expectRefused(
    _ bytes: [UInt8], _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        var reader = try PointFile.open(bytes: bytes, name: "input")
        let block = try reader.rest()
        Issue.record("read \(block.count) points", sourceLocation: sourceLocation)
    } catch {
        let line = "\(error)"
        #expect(line.contains(text), "\(line)", sourceLocation: sourceLocation)
        #expect(line.hasPrefix("input: ") && !line.contains("\n"), sourceLocation: sourceLocation)
    }
}

/// Checks that reading this text as a cloud fails with one line that contains `text`.
func expectRefused(
    _ input: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    expectRefused(Array(input.utf8), text, sourceLocation: sourceLocation)
}

/// Runs `body` with an empty folder that is removed afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("points-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Clouds that are easy and clouds that are not.
enum TestCloud: String, CaseIterable, Sendable {
    case random, clustered, equal, line, plane, duplicates, lattice, one, two

    func points(_ count: Int = 700) -> [SIMD3<Float>] {
        let key = RandomKey(seed: 7).child(rawValue)
        func draw(_ index: Int) -> SIMD3<Float> {
            SIMD3(
                Float(key.uniform(3 * index)), Float(key.uniform(3 * index + 1)),
                Float(key.uniform(3 * index + 2)))
        }
        switch self {
        case .random: return (0..<count).map(draw)
        case .clustered:
            // One point far away, all others in a corner.
            return (0..<count).map { $0 == 13 ? SIMD3(repeating: 1e6) : draw($0) * 1e-3 }
        case .equal: return Array(repeating: SIMD3(1, -2, 3), count: count)
        case .line: return (0..<count).map { SIMD3(0, Float(($0 * 37) % count), 0) }
        case .plane: return (0..<count).map { draw($0) * SIMD3(1, 1, 0) }
        case .duplicates: return (0..<count).map { draw($0 % 20) }
        case .lattice:
            // Many equal distances, both zeros.
            return (0..<count).map { index -> SIMD3<Float> in
                let x = Float(index % 9 - 4), y = Float(index / 9 % 9 - 4)
                let z: Float = index % 2 == 0 ? -0.0 : 0.0
                return SIMD3<Float>(x, y, z)
            }
        case .one: return [SIMD3(4, 5, 6)]
        case .two: return [SIMD3(0, 0, 0), SIMD3(1, 0, 0)]
        }
    }
}
