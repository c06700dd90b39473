// SPDX-License-Identifier: Apache-2.0

/// An object in a picture or an action in a video, annotated or detected: where, what, how sure.
package struct Item<Place: Region>: Sendable, Hashable {
    /// Where it is.
    package var place: Place
    /// Index of the class.
    package var label: Int
    /// Confidence of a detection, higher is surer: any finite number, 1 for what is annotated.
    package var score: Double
    /// The number of its picture or video; 0 where only one is looked at.
    package var source: Int

    /// An item of class `label` at `place`.
    package init(_ place: Place, label: Int, score: Double = 1, in source: Int = 0) {
        self.place = place
        self.label = label
        self.score = score
        self.source = source
    }

    /// Whether the place is valid and the score finite.
    package var isValid: Bool { place.isValid && score.isFinite }

    /// The same item elsewhere, or its place in another form.
    package func moved<Other>(to place: Other) -> Item<Other> {
        Item<Other>(place, label: label, score: score, in: source)
    }
}

/// The one order of detections: score downwards, then the earlier start, then the input's order.
///
/// A total order on finite numbers, so that equal scores never depend on a sorting algorithm.
package struct Turn: Comparable {
    /// Confidence, higher is surer.
    package var score: Double
    /// Where the detection begins.
    package let start: Double
    /// Its position in the input.
    package let index: Int

    /// The turn of the item at `index`.
    package init(_ item: Item<some Region>, _ index: Int) {
        score = item.score
        start = item.place.start
        self.index = index
    }

    /// Whether `a` comes before `b`.
    package static func < (a: Turn, b: Turn) -> Bool {
        if a.score != b.score { return a.score > b.score }
        if a.start != b.start { return a.start < b.start }
        return a.index < b.index
    }
}
