// SPDX-License-Identifier: Apache-2.0

/// Which of a few known names a mistyped one probably meant.
enum NearestName {
    /// The known name with the smallest edit distance, or none when half of the letters differ.
    static func of(_ name: String, among known: [String]) -> String? {
        let typed = Array(name.lowercased())
        let ranked = known.map { (name: $0, distance: distance(typed, Array($0.lowercased()))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance * 2 <= max(typed.count, best.name.count) ? best.name : nil
    }

    /// Levenshtein distance: insertions, deletions and substitutions, one each.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                let substituted = previous[column] + (letter == other ? 0 : 1)
                current.append(min(substituted, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
