// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import FuzzSupport
import Media
import Testing

/// Damaged pictures: reading all rows must end well or in one line, never in a trap.
///
/// `swift run -c release fuzz-files --format image --inputs 1000000` reads many more.
@Suite("Damaged pictures") struct ImageFuzzTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Images/rows").path

    @Test func neverTrap() throws {
        let inputs = try FuzzInputs(.image, folder: Self.folder, seed: 1)
        let rounds = 3000
        var refused = 0
        for index in 0..<rounds {
            do throws(InputError) {
                try ImageBands(bytes: inputs[index], name: "input", memoryLimit: 1 << 26).check()
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"), "input \(index)")
            }
        }
        #expect(refused > rounds / 5, "damage went unseen")
    }

    /// Every input that once failed.
    @Test func formerCrashersEndWell() throws {
        let folder = Self.folder + "/crashers"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            do throws(InputError) {
                try ImageBands(bytes: Array(bytes), name: name, memoryLimit: 1 << 26).check()
            } catch {
                #expect(!error.description.contains("\n"), "\(name)")
            }
        }
    }
}
