// SPDX-License-Identifier: Apache-2.0
package import Regions

/// The best detections of a video before the last suppression, a bounded number.
///
/// A suppression picks detections by falling score, and scores only fall. So all that it picks with
/// a score of at least ``bestDropped`` is what it would pick from all detections.
package struct CandidatePool {
    private let limit: Int
    private var entries: [(detection: Item<Segment>, number: Int)] = []
    private var added = 0
    /// The largest score among what was dropped; nil where all are kept.
    package private(set) var bestDropped: Double?

    /// A pool of at most `limit` detections.
    package init(limit: Int) {
        precondition(limit > 0, "a pool of \(limit) detections")
        self.limit = limit
    }

    /// Adds detections.
    package mutating func add(_ detections: some Sequence<Item<Segment>>) {
        for detection in detections where detection.isValid {
            entries.append((detection, added))
            added += 1
            // Dropped in bulk, so that a detection costs a logarithm at most.
            if entries.count == 2 * limit { shrink() }
        }
    }

    /// The best detections in the order in which they came.
    package mutating func take() -> [Item<Segment>] {
        if entries.count > limit { shrink() }
        return entries.sorted { $0.number < $1.number }.map(\.detection)
    }

    private mutating func shrink() {
        entries.sort { a, b in
            Turn(a.detection, a.number) < Turn(b.detection, b.number)
        }
        bestDropped = max(bestDropped ?? -.infinity, entries[limit].detection.score)
        entries.removeLast(entries.count - limit)
    }
}
