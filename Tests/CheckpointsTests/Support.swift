// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
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

/// Runs `body` with an empty folder that is removed afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("checkpoints-\(UInt64.random(in: .min ... .max))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

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

/// Checks that `body` fails with one line that contains `text`.
func expectFailure(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("no error, expected: \(text)", sourceLocation: sourceLocation)
    } catch {
        let line = "\(error)"
        #expect(error is CheckpointError, sourceLocation: sourceLocation)
        #expect(line.contains(text), sourceLocation: sourceLocation)
        #expect(!line.contains("\n"), sourceLocation: sourceLocation)
    }
}
