// SPDX-License-Identifier: Apache-2.0

/// What became of an annotated object or of a detection.
package enum Outcome: String, Sendable, CaseIterable {
    /// An annotated object that a shown detection matches, and that detection.
    case found
    /// An annotated object that no shown detection matches.
    case missed
    /// A shown detection that matches nothing annotated: a false positive.
    case invented
}

/// How many objects were found, missed and invented.
package struct OutcomeCounts: Sendable, Hashable, Codable {
    /// Annotated objects with a detection, which are as many detections: true positives.
    package var found = 0
    /// Annotated objects without a detection: false negatives.
    package var missed = 0
    /// Detections of nothing: false positives.
    package var invented = 0

    /// Counts, zero unless said otherwise.
    package init(found: Int = 0, missed: Int = 0, invented: Int = 0) {
        self.found = found
        self.missed = missed
        self.invented = invented
    }

    /// The sum of counts.
    package init(summing counts: some Sequence<OutcomeCounts>) {
        for one in counts {
            found += one.found
            missed += one.missed
            invented += one.invented
        }
    }

    /// Annotated objects.
    package var annotated: Int { found + missed }

    /// Shown detections.
    package var shown: Int { found + invented }

    /// The share of the shown detections that are right; nil where none is shown.
    package var precision: Double? { shown > 0 ? Double(found) / Double(shown) : nil }

    /// The share of the annotated objects that are found; nil where none is annotated.
    package var recall: Double? { annotated > 0 ? Double(found) / Double(annotated) : nil }

    /// The harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN); nil of nothing.
    package var f1: Double? {
        annotated + shown > 0 ? 2 * Double(found) / Double(annotated + shown) : nil
    }
}
