// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Yams

/// A recipe as written: a YAML tree with its `base` and the `--set` overrides laid over it.
///
/// Nothing is validated here beyond YAML itself; a ``RecipeReader`` does that.
package struct RecipeDocument: Sendable {
    /// The tree.
    var root: RecipeSection
    /// The name that messages use.
    let name: String
    /// The folder that relative paths of the recipe start from.
    package let folder: String

    /// The files that it was read from: the recipe, then its base, the base's base and so on.
    package let files: [String]

    /// Every value by its dotted path, in the file's order.
    package var values: [(path: String, value: String)] {
        root.leaves().map { ($0.path, $0.node.text) }
    }

    /// The largest recipe accepted, in bytes.
    static let largestFile = 1 << 20
    private static let deepestBase = 8

    /// Reads a recipe file.
    ///
    /// `base: other.yaml`, relative to the file's folder, is read first; this file's keys are
    /// laid over it: sections merge, lists and scalars are replaced.
    ///
    /// - Parameters:
    ///   - path: The YAML file.
    ///   - overrides: `key.path=value` texts, each value a piece of YAML.
    package init(path: String, overrides: [String] = []) throws(InputError) {
        (root, files) = try RecipeDocument.load(path, seen: [])
        name = (path as NSString).lastPathComponent
        folder = (path as NSString).deletingLastPathComponent
        for text in overrides { try override(text) }
    }

    /// Parses the text of a recipe; `base` is refused, as there is no folder to find it in.
    package init(
        text: String, name: String = "recipe", overrides: [String] = []
    ) throws(InputError) {
        root = try RecipeDocument.parse(text, name: name)
        self.name = name
        folder = ""
        files = []
        for text in overrides { try override(text) }
    }

    /// Applies `key.path=value`.
    package mutating func override(_ text: String) throws(InputError) {
        let origin = "--set \(text.count > 80 ? text.prefix(77) + "..." : text[...])"
        guard let equals = text.firstIndex(of: "=") else {
            throw InputError("\(origin): expected key.path=value, such as batchSize=8")
        }
        let path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard path.allSatisfy({ !$0.isEmpty }), path.count <= 16 else {
            throw InputError("\(origin): the key before = has an empty part")
        }
        let value = String(text[text.index(after: equals)...])
        let node: RecipeNode
        if let parsed = try RecipeDocument.compose(value, name: origin) {
            var budget = RecipeDocument.largestNodeCount
            node = try RecipeDocument.convert(
                parsed, place: { _ in origin }, depth: 0, budget: &budget)
        } else {
            node = RecipeNode(value: .scalar("", isPlain: true), origin: origin)
        }
        try root.set(node, at: path[...])
    }

    /// Sets a key of the root to a text, taken as it is; `option` is what messages name.
    package mutating func set(
        _ key: String, to text: String, option: String
    ) throws(InputError) {
        try root.set(
            RecipeNode(value: .scalar(text, isPlain: false), origin: option), at: [key])
    }

    private static func load(
        _ path: String, seen: [String]
    ) throws(InputError) -> (root: RecipeSection, files: [String]) {
        let standard = URL(fileURLWithPath: path).standardizedFileURL.path
        guard !seen.contains(standard), seen.count < deepestBase else {
            throw InputError(
                "\(path): its base leads back to itself or is more than \(deepestBase) files deep")
        }
        let text = try read(path)
        let name = (path as NSString).lastPathComponent
        let folder = (path as NSString).deletingLastPathComponent
        var section = try parse(text, name: name, folder: folder)
        guard let base = section["base"] else { return (section, [path]) }
        guard case .scalar(let relative, _) = base.value, !base.isNull else {
            throw InputError(
                "\(base.origin): base is \(base.found); expected the path of a recipe")
        }
        section["base"] = nil
        let basePath =
            relative.hasPrefix("/")
            ? relative : (folder as NSString).appendingPathComponent(relative)
        guard FileManager.default.fileExists(atPath: basePath) else {
            throw InputError(
                "\(base.origin): base is \(relative), but there is no file \(basePath)")
        }
        var document = try load(basePath, seen: seen + [standard])
        document.root.merge(section)
        document.files.insert(path, at: 0)
        return document
    }

    private static func read(_ path: String) throws(InputError) -> String {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw InputError("\(path): no such recipe; check the path")
        }
        guard !isFolder.boolValue, let handle = FileHandle(forReadingAtPath: path) else {
            throw InputError("\(path): can't be read as a recipe; expected a YAML file")
        }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: largestFile + 1) ?? Data()
        } catch {
            throw InputError("\(path): can't be read: \(error.localizedDescription)")
        }
        guard data.count <= largestFile else {
            throw InputError("\(path): larger than \(largestFile) bytes; this is not a recipe")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw InputError("\(path): not UTF-8 text; expected a YAML file")
        }
        return text
    }
}
