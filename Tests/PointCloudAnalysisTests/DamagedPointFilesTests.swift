// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import FuzzSupport
import PointCloudAnalysis
import Testing

/// Damaged clouds and meshes end in points or in one line, never in a trap.
///
/// `swift run -c release fuzz-files --format las --format ply --format mesh` reads many more.
@Suite("Damaged clouds") struct DamagedPointFilesTests {
    private func read(_ bytes: [UInt8]) throws {
        var reader = try PointFile.open(bytes: bytes, name: "input")
        while try reader.next(5) != nil {}
    }

    @Test(arguments: FuzzFormat.points) func neverTrap(_ format: FuzzFormat) throws {
        let inputs = try FuzzInputs(format, folder: PointFixture.folder, seed: 1)
        let rounds = 2000
        var refused = 0
        for index in 0..<rounds {
            do {
                try read(inputs[index])
            } catch {
                refused += 1
                #expect(!"\(error)".contains("\n"))
            }
        }
        #expect(refused > rounds / 20, "damage went unseen")
    }

    /// Copies of damaged clouds are written or refused, too; extra bytes are named as well.
    @Test(arguments: [FuzzFormat.las, .ply]) func copiesNeverTrap(_ format: FuzzFormat) throws {
        try withFolder { folder in
            let inputs = try FuzzInputs(format, folder: PointFixture.folder, seed: 2)
            let source = "\(folder)/in", output = "\(folder)/out.\(format.rawValue)"
            var written = 0
            for index in 0..<120 {
                try Data(inputs[index]).write(to: URL(fileURLWithPath: source))
                do {
                    var reading = PointReading.all
                    reading.label = index % 3 == 0 ? "extrau1" : nil
                    try CloudCopy(
                        of: source, to: output, codes: [0, 5, 31], probabilities: ["a", "b"],
                        reading: reading
                    ).write {
                        PointPrediction(
                            codes: $0.map { _ in 5 }, probabilities: $0.flatMap { _ in [0.5, 0.5] })
                    }
                    written += 1
                    var reader = try PointFile.open(source, reading)
                    _ = try reader.next(100)
                } catch { #expect(!"\(error)".contains("\n")) }
            }
            #expect(written > 4, "\(written) copies")
        }
    }

    /// Every input that once failed.
    @Test func formerCrashersEndWell() throws {
        let folder = PointFixture.path("crashers")
        guard FileManager.default.fileExists(atPath: folder) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            do {
                try read(PointFixture.bytes("crashers/\(name)"))
            } catch let error as InputError {
                #expect(!error.description.contains("\n"), "\(name)")
            }
        }
    }
}
