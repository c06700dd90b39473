// SPDX-License-Identifier: Apache-2.0

/// What stopped a training run: one line with what was found, expected, and what to do.
package struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line.
    package let description: String

    /// An error of one line; control characters become spaces.
    package init(_ message: String) {
        description = String(
            String.UnicodeScalarView(
                message.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
            ))
    }
}
