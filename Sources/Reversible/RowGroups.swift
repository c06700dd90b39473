// SPDX-License-Identifier: Apache-2.0

/// A sample's tokens in groups that a branch treats independently of each other (windows).
///
/// Groups of a batch are numbered through all samples.
public struct RowGroups: Sendable {
    /// Groups a sample.
    public let count: Int
    /// Rows that F pads a group to; what a tile counts as its tokens.
    public let capacity: Int
    /// The tokens of a sample, group by group, each once.
    private let tokens: [Int32]
    /// Where each group begins in `tokens`, and their number.
    private let starts: [Int]

    /// Groups of given tokens.
    ///
    /// - Parameters:
    ///   - tokens: The tokens of a sample, group by group, each once.
    ///   - sizes: Tokens of each group.
    ///   - capacity: Rows that F pads a group to.
    public init(tokens: [Int32], sizes: [Int], capacity: Int) {
        starts = sizes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
        precondition(
            starts.last == tokens.count && sizes.allSatisfy { (0...capacity).contains($0) },
            "groups of \(starts.last ?? 0) rows and up to \(sizes.max() ?? 0) each for "
                + "\(tokens.count) tokens and \(capacity) rows a group")
        count = sizes.count
        self.capacity = capacity
        self.tokens = tokens
    }

    /// Tokens of all groups before one.
    private func start(_ group: Int) -> Int {
        group / max(1, count) * tokens.count + starts[count == 0 ? 0 : group % count]
    }

    /// The number of tokens of some groups.
    public func rowCount(_ groups: Range<Int>) -> Int {
        start(groups.upperBound) - start(groups.lowerBound)
    }

    /// The rows of some groups among a batch's tokens, group by group.
    public func rows(_ groups: Range<Int>) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(rowCount(groups))
        for group in groups {
            let sample = group / count, place = group % count
            let offset = Int32(sample * tokens.count)
            for token in tokens[starts[place]..<starts[place + 1]] { result.append(offset + token) }
        }
        return result
    }
}
