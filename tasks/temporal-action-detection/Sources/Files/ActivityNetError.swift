// SPDX-License-Identifier: Apache-2.0

/// An ActivityNet file, or what was asked of it, that cannot be used.
package struct ActivityNetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: what was found, what was expected, what to do; for several faults of a file a line
    /// for each.
    package let description: String

    /// An error that reads `description`; line breaks become spaces.
    package init(_ description: String) {
        self.description = String(description.map { $0.isNewline ? " " : $0 })
    }

    /// The faults of a file, a line each; of more than 20 the first ones.
    init(faults: [String], of file: String, remedy: String) {
        let lines = faults.map { String($0.map { $0.isNewline ? " " : $0 }) }
        if lines.count == 1 {
            description = "\(lines[0]); \(remedy)"
            return
        }
        let more = lines.count > 20 ? ["and \(lines.count - 20) more"] : []
        description =
            (["\(file): \(lines.count) faults; \(remedy):"] + lines.prefix(20) + more)
            .joined(separator: "\n  ")
    }
}
