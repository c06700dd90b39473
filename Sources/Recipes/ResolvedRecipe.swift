// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// A recipe with every default written out.
package struct ResolvedRecipe: Sendable {
    let root: RecipeSection

    /// The recipe as YAML; equal recipes give equal text.
    package var yaml: String { ResolvedRecipe.lines(root, indent: 0).joined() }

    /// The sections that don't change the result of training, so that a resumed run may change them.
    private static let freeKeys = ["threads", "ranks", "checkpoint", "evaluate"]

    /// How this differs from the recipe of a run in what changes the result of training, a phrase a
    /// key.
    package func differences(from run: ResolvedRecipe) -> [String] {
        func values(_ recipe: ResolvedRecipe) -> [(path: String, text: String)] {
            var part = recipe.root
            for key in ResolvedRecipe.freeKeys { part[key] = nil }
            return part.leaves().map { ($0.path, ResolvedRecipe.flow($0.node)) }
        }
        let own = values(self), theirs = values(run)
        let ours = Dictionary(own, uniquingKeysWith: { $1 })
        let former = Dictionary(theirs, uniquingKeysWith: { $1 })
        let changed = own.filter { former[$0.path] != $0.text }.map {
            "\($0.path) is \($0.text), the run has \(former[$0.path] ?? "none")"
        }
        let gone = theirs.filter { ours[$0.path] == nil }.map {
            "\($0.path) is missing, the run has \($0.text)"
        }
        return changed + gone
    }

    /// 16 hexadecimal digits that change with any value that changes the result of training.
    ///
    /// `threads`, `ranks`, `checkpoint` and `evaluate` don't, so they may differ when a run is resumed.
    /// FNV-1a, 64 bits: it guards against mistakes, not against intent.
    package var fingerprint: String {
        var part = root
        for key in ResolvedRecipe.freeKeys { part[key] = nil }
        var digest = ContentDigest()
        for line in ResolvedRecipe.lines(part, indent: 0) { digest.add(line.utf8) }
        return digest.text
    }

    private static func lines(_ section: RecipeSection, indent: Int) -> [String] {
        let space = String(repeating: " ", count: indent)
        return section.keys.flatMap { key -> [String] in
            guard let node = section[key] else { return [] }
            let name = isBare(key) ? key : JSONText.string(key)
            switch node.value {
            case .section(let inner):
                return ["\(space)\(name):\n"] + lines(inner, indent: indent + 2)
            default: return ["\(space)\(name): \(flow(node))\n"]
            }
        }
    }

    private static func flow(_ node: RecipeNode) -> String {
        switch node.value {
        case .scalar(let text, let isPlain): isPlain || isBare(text) ? text : JSONText.string(text)
        case .list(let items): "[\(items.map(flow).joined(separator: ", "))]"
        case .section(let section):
            "{"
                + section.keys.map { "\(JSONText.string($0)): \(section[$0].map(flow) ?? "null")" }
                .joined(separator: ", ") + "}"
        }
    }

    /// Whether YAML reads the text back as the same text without quotes.
    private static func isBare(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.isASCII, first.properties.isAlphabetic
        else { return false }
        let rest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        return text.allSatisfy { rest.contains($0) } && !words.contains(text.lowercased())
    }
}
