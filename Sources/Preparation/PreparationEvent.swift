// SPDX-License-Identifier: Apache-2.0

/// An input that a preparation left out.
package struct SkippedInput: Codable, Sendable, Equatable {
    /// The input's name.
    package let id: String
    /// Why, in one line.
    package let reason: String

    /// An input that was left out.
    package init(id: String, reason: String) {
        self.id = id
        self.reason = reason
    }
}

/// What became of an input of a preparation.
package enum PreparationOutcome: Sendable, Equatable {
    /// Made now; what came of it, such as "16 frames".
    case written(String)
    /// Was there already, whole.
    case known
    /// Can be used; nothing was to be made of it.
    case checked(String)
    /// Left out, with the reason.
    case skipped(String)

    /// What happened, for people.
    package var text: String {
        switch self {
        case .written(let text), .checked(let text): text
        case .known: "already there"
        case .skipped(let reason): "left out: \(reason)"
        }
    }
}

/// One input is done.
package struct PreparationEvent: Sendable {
    /// Its place in the order of all inputs, in which they need not end.
    package let number: Int
    /// Inputs that are done, this one included, and inputs in all.
    package let done, total: Int
    /// Its name.
    package let id: String
    /// What became of it.
    package let outcome: PreparationOutcome
    /// What people should know of how it was read.
    package let notes: [String]

    /// Lines for a log: its notes, then what became of it.
    package var lines: [String] {
        (notes + [outcome.text]).map { "\(done)/\(total) \(id): \($0)" }
    }
}
