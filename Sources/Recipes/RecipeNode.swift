// SPDX-License-Identifier: Apache-2.0
import Files
import OrderedCollections

/// One value of a recipe and where it was written.
struct RecipeNode: Sendable {
    /// A scalar's text, a list or a section.
    enum Value: Sendable {
        /// Text; `isPlain` where it was written without quotes.
        case scalar(String, isPlain: Bool)
        case list([RecipeNode])
        case section(RecipeSection)
    }

    var value: Value
    /// `recipe.yaml:12`, or the option that set it.
    var origin: String
    /// The folder that a relative path starts from; empty for the working folder.
    var folder = ""

    /// Whether this is an empty value, `null` or `~`.
    var isNull: Bool {
        guard case .scalar(let text, true) = value else { return false }
        return text.isEmpty || ["~", "null", "Null", "NULL"].contains(text)
    }

    /// The value on one line.
    var text: String {
        switch value {
        case .scalar(let text, _): text
        case .list(let items): "[\(items.map(\.text).joined(separator: ", "))]"
        case .section: "{}"
        }
    }

    /// What an error message says was found.
    var found: String {
        switch value {
        case .scalar(let text, let isPlain):
            if isNull { return "nothing" }
            let short = text.count > 60 ? text.prefix(57) + "..." : text[...]
            return isPlain ? "\(short)" : "the text \"\(short)\""
        case .list(let items): return "a list of \(items.count)"
        case .section: return "a section"
        }
    }
}

/// The keys of a section, in the order written.
struct RecipeSection: Sendable {
    private var nodes: OrderedDictionary<String, RecipeNode> = [:]

    var keys: [String] { Array(nodes.keys) }

    subscript(key: String) -> RecipeNode? {
        get { nodes[key] }
        set { nodes[key] = newValue }
    }

    /// Lays another section over this one: sections merge, anything else is replaced.
    mutating func merge(_ other: RecipeSection) {
        for key in other.keys {
            guard let node = other[key] else { continue }
            if case .section(let theirs) = node.value, case .section(var ours)? = self[key]?.value {
                ours.merge(theirs)
                self[key] = RecipeNode(value: .section(ours), origin: node.origin)
            } else {
                self[key] = node
            }
        }
    }

    /// Sets the value at a path of keys, making sections on the way.
    ///
    /// - Throws: where a key on the way holds something that isn't a section.
    mutating func set(
        _ node: RecipeNode, at path: ArraySlice<String>, after walked: String = ""
    ) throws(InputError) {
        guard let key = path.first else { return }
        let name = walked.isEmpty ? key : "\(walked).\(key)"
        guard path.count > 1 else {
            self[key] = node
            return
        }
        var inner = RecipeSection()
        if let existing = self[key], !existing.isNull {
            guard case .section(let section) = existing.value else {
                throw InputError(
                    "\(node.origin): \(name) is \(existing.found), not a section with keys of its "
                        + "own")
            }
            inner = section
        }
        try inner.set(node, at: path.dropFirst(), after: name)
        self[key] = RecipeNode(value: .section(inner), origin: self[key]?.origin ?? node.origin)
    }

    /// Every key below that is not a section, and every empty section, with dotted paths.
    func leaves(under prefix: String = "") -> [(path: String, node: RecipeNode)] {
        var result: [(path: String, node: RecipeNode)] = []
        for key in keys {
            guard let node = self[key] else { continue }
            let path = prefix.isEmpty ? key : "\(prefix).\(key)"
            if case .section(let inner) = node.value, !inner.keys.isEmpty {
                result += inner.leaves(under: path)
            } else {
                result.append((path, node))
            }
        }
        return result
    }
}
