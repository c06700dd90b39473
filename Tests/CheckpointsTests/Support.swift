// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// The path of a file that `Tests/Fixtures/Checkpoints/make.py` made.
func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/Checkpoints/\(name)").path
}

func fixtureBytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture(name))))
}

/// The values that the script's `ramp` gives.
func ramp(_ count: Int) -> [Double] { (0..<count).map { Double($0) * 0.25 - 1 } }

/// Checks that reading these bytes fails with one line that contains `text`.
func expectRefused(
    _ bytes: [UInt8], _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        let state = try CheckpointFile.read(bytes: bytes, name: "input")
        Issue.record("read \(state.names)", sourceLocation: sourceLocation)
    } catch {
        let line = error.description
        #expect(line.contains(text), sourceLocation: sourceLocation)
        #expect(line.hasPrefix("input: ") && !line.contains("\n"), sourceLocation: sourceLocation)
    }
}
