// SPDX-License-Identifier: Apache-2.0
import Checkpoints

/// A file of points, labels or triangles that cannot be used.
package struct PointFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: the file, what was found, what was expected, what to do.
    package let description: String

    /// An error about a file; control characters become spaces.
    package init(_ message: String, path: String) {
        description = String(
            String.UnicodeScalarView(
                "\(path): \(message)".unicodeScalars.map {
                    $0.properties.generalCategory == .control ? " " : $0
                }))
    }

    /// What reading bytes or writing a file found; it names the file already.
    init(_ error: CheckpointError) { description = error.description }
}
