// SPDX-License-Identifier: Apache-2.0

/// An ActivityNet file, or what was asked of it, that cannot be used.
package struct ActivityNetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: what was found, what was expected, what to do.
    package let description: String

    /// An error that reads `description`; line breaks become spaces.
    package init(_ description: String) {
        self.description = String(description.map { $0.isNewline ? " " : $0 })
    }
}
