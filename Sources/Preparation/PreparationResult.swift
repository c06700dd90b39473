// SPDX-License-Identifier: Apache-2.0

/// What a task adds to the result of a preparation.
package protocol PreparationDetails: Encodable, Sendable {
    /// What there is now, in one line.
    var heading: String { get }
    /// Tables and remarks.
    var lines: [String] { get }
}

/// What a preparation did, for people and for scripts: the same frame in every task.
///
/// As JSON `folder`, `checked`, `known`, `written` and `skipped`, beside the task's own keys.
package struct PreparationResult<Details: PreparationDetails>: Encodable, Sendable {
    /// Where the work is; nil where nothing was to be written.
    package let folder: String?
    /// What became of the inputs.
    package let tally: PreparationTally
    /// What the task adds.
    package let details: Details

    /// A result.
    package init(_ tally: PreparationTally, folder: String?, _ details: Details) {
        self.tally = tally
        self.folder = folder
        self.details = details
    }

    private enum CodingKeys: String, CodingKey {
        case folder, checked, known, written, skipped
    }

    /// Writes the task's keys and those that every preparation has.
    package func encode(to encoder: any Encoder) throws {
        try details.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(folder, forKey: .folder)
        try container.encode(tally.checked, forKey: .checked)
        try container.encode(tally.known, forKey: .known)
        try container.encode(tally.written, forKey: .written)
        try container.encode(tally.skipped, forKey: .skipped)
    }

    /// The result for people: what there is, what was done, what was left out and why.
    package var text: String {
        let skipped = tally.skipped
        let counts = [
            (tally.checked, "checked"), (tally.written, "written"), (tally.known, "already there"),
            (skipped.count, "left out"),
        ]
        let done = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return
            ([details.heading] + (done.isEmpty ? [] : [done])
            + skipped.map { "  left out: \($0.id): \($0.reason)" } + details.lines)
            .joined(separator: "\n")
    }
}
