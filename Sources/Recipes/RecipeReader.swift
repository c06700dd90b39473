// SPDX-License-Identifier: Apache-2.0
package import Files
import TextFormats

/// Reads a recipe strictly: every key is asked for by name, type and range.
///
/// Whoever owns a section reads it: the training engine its own, a task its head's. What was
/// read, defaults included, is the resolved recipe. When all have read, `finish()` refuses
/// the keys that nobody asked for. Readers of sections share their parent's record.
package final class RecipeReader {
    /// What all readers of one document share.
    private final class Record {
        private(set) var known: [String] = []
        private var seen: Set<String> = []
        var resolved = RecipeSection()
        let leaves: [(path: String, node: RecipeNode)]
        init(_ document: RecipeDocument) { leaves = document.root.leaves() }

        func learn(_ path: String) {
            if seen.insert(path).inserted { known.append(path) }
        }
    }

    private let record: Record
    private let tree: RecipeSection
    private let prefix: String
    /// The name of the recipe in messages.
    package let name: String
    /// The folder that relative paths of the recipe start from.
    package let folder: String
    /// What `data:` at the beginning of a path stands for.
    let dataFolder: String

    /// A reader of a whole document.
    ///
    /// - Parameter dataFolder: What `data:` at the beginning of a path stands for.
    package init(_ document: RecipeDocument, dataFolder: String = "") {
        record = Record(document)
        tree = document.root
        prefix = ""
        name = document.name
        folder = document.folder
        self.dataFolder = dataFolder
    }

    private init(_ parent: RecipeReader, tree: RecipeSection, prefix: String) {
        record = parent.record
        self.tree = tree
        self.prefix = prefix
        name = parent.name
        folder = parent.folder
        dataFolder = parent.dataFolder
    }

    /// A reader of the keys below `path`; an absent or empty section has only defaults.
    package func section(_ path: String) throws(InputError) -> RecipeReader {
        var section = RecipeSection()
        if let node = node(at: path), !node.isNull {
            guard case .section(let inner) = node.value else {
                throw mismatch(path, node, expected: "a section with keys of its own")
            }
            section = inner
        }
        record.learn(full(path))
        return RecipeReader(self, tree: section, prefix: full(path))
    }

    /// Whether a key is written in the recipe, with any value but nothing.
    package func has(_ path: String) -> Bool { node(at: path).map { !$0.isNull } ?? false }

    /// Whether a key holds a list.
    package func isList(_ path: String) -> Bool {
        guard case .list? = node(at: path)?.value else { return false }
        return true
    }

    /// The keys that are written in a section, in order; none where it is absent.
    package func keys(of path: String) -> [String] {
        guard case .section(let inner)? = node(at: path)?.value else { return [] }
        return inner.keys
    }

    /// An error about the value of a key, naming where it was written.
    package func error(_ path: String, _ message: String) -> InputError {
        let origin = node(at: path)?.origin ?? name
        return InputError("\(origin): \(full(path)) \(message)")
    }

    /// Refuses every key of this reader's section that no reader has asked for, naming the nearest
    /// known one.
    package func finish() throws(InputError) {
        let known = Set(record.known)
        let below = prefix.isEmpty ? "" : prefix + "."
        for (path, node) in record.leaves where path.hasPrefix(below) && !known.contains(path) {
            let help: String
            if let nearest = NearestName.of(path, among: record.known) {
                help = "did you mean \(nearest)?"
            } else {
                // The keys beside the unknown one, from the innermost section that exists.
                var parts = path.split(separator: ".").map(String.init).dropLast()
                while !parts.isEmpty, !known.contains(parts.joined(separator: ".")) {
                    parts = parts.dropLast()
                }
                let section = parts.isEmpty ? "" : parts.joined(separator: ".") + "."
                let beside = record.known.filter {
                    $0.hasPrefix(section) && !$0.dropFirst(section.count).contains(".")
                }
                help = "known here: \(beside.joined(separator: ", "))"
            }
            throw InputError("\(node.origin): unknown key \(path); \(help)")
        }
    }

    /// The recipe with every default written out, in the order in which it was read.
    package var resolved: ResolvedRecipe { ResolvedRecipe(root: record.resolved) }

    // MARK: What the typed readers build on

    func full(_ path: String) -> String { prefix.isEmpty ? path : "\(prefix).\(path)" }

    /// The node at a dotted path below this reader's section.
    func node(at path: String) -> RecipeNode? {
        var section = tree
        let parts = path.split(separator: ".").map(String.init)
        for (index, part) in parts.enumerated() {
            guard let node = section[part] else { return nil }
            if index == parts.count - 1 { return node }
            guard case .section(let inner) = node.value else { return nil }
            section = inner
        }
        return nil
    }

    /// Records that a key exists and what its value is.
    func note(_ path: String, _ value: RecipeNode.Value?) {
        record.learn(full(path))
        guard let value else { return }
        let parts = full(path).split(separator: ".").map(String.init)
        do {
            try record.resolved.set(RecipeNode(value: value, origin: name), at: parts[...])
        } catch {
            preconditionFailure("\(full(path)) is read both as a value and as a section")
        }
    }

    func mismatch(_ path: String, _ node: RecipeNode, expected: String) -> InputError {
        InputError(
            "\(node.origin): \(full(path)) is \(node.found); expected \(expected)")
    }
}
