// SPDX-License-Identifier: Apache-2.0

/// Which of a few known names a mistyped one probably meant.
package enum NearestName {
    /// The known name with the smallest share of differing letters; nil where half differ.
    ///
    /// Case doesn't count. Of dotted paths the last parts are compared: the same key in another
    /// section is one letter worse than in its own. A name that is the end of a longer one, from
    /// four letters on, differs from it by two.
    package static func of(_ name: String, among known: [String]) -> String? {
        let typed = parts(name)
        var best: (name: String, share: Double, whole: Int)?
        for candidate in known {
            let (section, last) = parts(candidate)
            var distance = editDistance(typed.last, last) + (section == typed.section ? 0 : 1)
            var length = max(1, typed.last.utf8.count, last.utf8.count)
            if distance > 2, last.hasSuffix(typed.last), typed.last.utf8.count >= 4 {
                (distance, length) = (2, typed.last.utf8.count)
            }
            // A share, not a count: a short name is near to everything that is short.
            let share = Double(distance) / Double(length)
            guard share <= 0.5 else { continue }
            // Names of files have the same last part, their ending.
            let whole = editDistance(name.lowercased(), candidate.lowercased())
            if best.map({ (share, whole) < ($0.share, $0.whole) }) ?? true {
                best = (candidate, share, whole)
            }
        }
        return best?.name
    }

    private static func parts(_ path: String) -> (section: Substring, last: String) {
        let path = path.lowercased()
        guard let dot = path.lastIndex(of: ".") else { return ("", path) }
        return (path[..<dot], String(path[path.index(after: dot)...]))
    }

    /// Insertions, deletions and substitutions from one text to another (Levenshtein).
    package static func editDistance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8.prefix(200)), b = Array(b.utf8.prefix(200))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
