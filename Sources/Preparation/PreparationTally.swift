// SPDX-License-Identifier: Apache-2.0

/// What became of all inputs of a preparation.
package struct PreparationTally: Sendable {
    /// Inputs that can be used.
    package private(set) var checked = 0
    /// Inputs whose work was there already.
    package private(set) var known = 0
    /// Inputs that were worked on now.
    package private(set) var written = 0
    private var earlier: [SkippedInput] = []
    private var reasons: [Int: SkippedInput] = [:]

    /// Nothing yet but what a check has found.
    package init(checked: Int = 0, skipped: [SkippedInput] = []) {
        self.checked = checked
        earlier = skipped
    }

    /// The inputs that were left out, in the order of all inputs, whichever ended first.
    package var skipped: [SkippedInput] {
        earlier + reasons.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Counts an input.
    package mutating func add(_ event: PreparationEvent) {
        switch event.outcome {
        case .checked: checked += 1
        case .known: known += 1
        case .written: written += 1
        case .skipped(let reason):
            reasons[event.number] = SkippedInput(id: event.id, reason: reason)
        }
    }

    /// Adds the inputs of another set.
    package mutating func add(_ other: PreparationTally) {
        checked += other.checked
        known += other.known
        written += other.written
        earlier = skipped + other.skipped
        reasons = [:]
    }
}
