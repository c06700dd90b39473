// SPDX-License-Identifier: Apache-2.0

/// Which tokens see each other: those of a band, and each sample's first ones alone.
package struct AttentionReach: Sendable, Hashable {
    /// Tokens that a token sees on either side of itself; nil for all.
    package let radius: Int?
    /// The number of tokens of each sample that are real: the others are not seen, and their
    /// results are 0.
    package let lengths: [Int]

    /// A reach of samples of given lengths.
    package init(radius: Int?, lengths: [Int]) {
        precondition(
            (radius ?? 0) >= 0 && lengths.allSatisfy { $0 >= 0 },
            "an attention of radius \(radius ?? 0) over \(lengths.prefix(8)) tokens")
        self.radius = radius
        self.lengths = lengths
    }
}
