// SPDX-License-Identifier: Apache-2.0
package import Regions

/// An annotated or detected item and what became of it.
package struct JudgedItem<Place: Region>: Sendable, Hashable {
    /// The item.
    package var item: Item<Place>
    /// What became of it.
    package var outcome: Outcome

    /// An item with its outcome.
    package init(_ item: Item<Place>, _ outcome: Outcome) {
        self.item = item
        self.outcome = outcome
    }

    /// The items that have an outcome: those that count and are shown.
    package static func all(
        _ items: some Sequence<Item<Place>>, _ outcomes: [Outcome?]
    ) -> [JudgedItem] {
        zip(items, outcomes).compactMap { item, outcome in
            outcome.map { JudgedItem(item, $0) }
        }
    }
}
