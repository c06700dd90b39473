// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
package import Testing

/// Runs `body` with an empty folder that is removed afterwards.
package func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("dr2net-\(UInt64.random(in: .min ... .max))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Checks that `body` fails with one line that contains `text`.
package func expectFailure(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("no error, expected: \(text)", sourceLocation: sourceLocation)
    } catch {
        let line = "\(error)"
        #expect(error is InputError, sourceLocation: sourceLocation)
        #expect(line.contains(text), sourceLocation: sourceLocation)
        #expect(!line.contains("\n"), sourceLocation: sourceLocation)
    }
}
