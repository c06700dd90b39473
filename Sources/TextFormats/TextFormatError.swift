// SPDX-License-Identifier: Apache-2.0

/// A text file that cannot be read, or text that is not what it should be.
package struct TextFormatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: the file, the place, what was found, what was expected.
    package let description: String

    /// An error that reads `description`; line breaks become spaces.
    package init(_ description: String) {
        self.description = String(description.map { $0.isNewline ? " " : $0 })
    }
}
