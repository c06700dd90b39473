// SPDX-License-Identifier: Apache-2.0

/// What went wrong with a manifest, a fetch or a cached file.
///
/// The description is one line: what was found, what was expected, what to do.
package struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure, for callers that treat them differently.
    package enum Code: Sendable, Equatable {
        /// A manifest or a folder of the program is missing, unreadable or breaks a rule of its format.
        case manifest
        /// No dataset of that name.
        case unknownDataset
        /// No recipe of that name comes with the program.
        case unknownRecipe
        /// A package client or a system tool is missing or failed.
        case tool
        /// A file has not the size or the SHA-256 that its manifest states.
        case mismatch
        /// The file system refused: no space, no permission, a folder in use.
        case storage
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
