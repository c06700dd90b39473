// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import FuzzSupport
import Testing

/// Damaged files of every format: reading must end in a value or in one line, never in a trap.
///
/// `swift run -c release fuzz-files --inputs 1000000` reads many more.
@Suite("Damaged files")
struct FuzzTests {
    @Test(arguments: FuzzFormat.checkpoints)
    func neverTrap(_ format: FuzzFormat) throws {
        let inputs = try FuzzInputs(format, folder: fixture(""), seed: 1)
        let rounds = 3000
        var refused = 0
        for index in 0..<rounds {
            do {
                _ = try CheckpointFile.read(bytes: inputs[index], name: "input")
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > rounds / 10, "damage went unseen")
    }

    /// Every input that once failed.
    @Test func formerCrashersEndWell() throws {
        let folder = fixture("crashers")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            do {
                _ = try CheckpointFile.read(bytes: fixtureBytes("crashers/\(name)"), name: name)
            } catch let error as InputError {
                #expect(!error.description.contains("\n"), "\(name)")
            }
        }
    }
}
