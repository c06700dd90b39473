// SPDX-License-Identifier: Apache-2.0
import Console

extension Manifest {
    /// Letters of a line of `dr2net data show`.
    private static let width = 79

    /// A set that is fetched by hand, on one screen: what to get, the numbers, the folders, the faults.
    func describeByHand() -> String {
        var lines = Self.wrapped("\(name): \(title). \(summary)", indent: "  ")
        for source in sources {
            lines += Self.wrapped("get: \(source.what ?? "")", indent: "  ")
            if let home = source.home { lines.append("  \(home)") }
        }
        lines += Self.wrapped("licence: \(licence)", indent: "  ")
        lines += Self.wrapped("cite: \(attribution)", indent: "  ")
        lines.append("")
        lines += numbers()
        lines += ["", "below the set's folder:"]
        lines += TextTable.lines(
            (parts ?? []).map { part in
                let place = [part.at[0], part.files].compactMap(\.self).filter { $0 != "." }
                return ["  " + place.joined(separator: "/"), part.name]
            })
        lines += Self.wrapped(layout, indent: "  ")
        lines.append("")
        lines.append("recipes (`dr2net data verify \(name) --in DIR` prints their command lines):")
        lines += (training ?? []).map { "  \($0.recipe)" }
        for note in notes { lines += Self.wrapped("note: \(note)", indent: "  ") }
        for caution in cautions { lines += Self.wrapped("caution: \(caution)", indent: "  ") }
        return lines.joined(separator: "\n")
    }

    /// The published numbers by subset and where they come from.
    private func numbers() -> [String] {
        let subsets = subsets ?? []
        let names = Self.countNames.filter { name in subsets.contains { $0.counts[name] != nil } }
        let rows = subsets.map { subset in
            [subset.name] + names.map { subset.counts[$0].map(String.init) ?? "-" }
        }
        var lines = TextTable.lines(
            [["subset"] + names] + rows, numbers: Set(1...max(1, names.count)))
        var seen: Set<String> = []
        for subset in subsets where seen.insert(subset.source).inserted {
            lines += Self.wrapped("numbers: \(subset.source)", indent: "  ")
        }
        return lines
    }

    /// A text in lines of at most `width` letters, further ones indented.
    static func wrapped(_ text: String, indent: String) -> [String] {
        var lines: [String] = [], line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.isEmpty {
                line = String(word)
            } else if line.count + 1 + word.count <= width {
                line += " \(word)"
            } else {
                lines.append(line)
                line = indent + word
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
