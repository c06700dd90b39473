// SPDX-License-Identifier: Apache-2.0

/// Which of a few known names a mistyped one probably meant.
package enum NearestName {
    /// The known name with the smallest share of differing letters, or none when half differ.
    package static func of(_ name: String, among known: [String]) -> String? {
        let typed = Array(name.lowercased())
        let ranked = known.map { known -> (name: String, distance: Int, length: Int) in
            let letters = Array(known.lowercased())
            return (known, distance(typed, letters), max(1, typed.count, letters.count))
        }
        // A share, not a count: a short name is near to everything that is short.
        let best = ranked.min { $0.distance * $1.length < $1.distance * $0.length }
        guard let best, best.distance * 2 <= best.length else { return nil }
        return best.name
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
