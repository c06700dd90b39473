// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Yams

/// From YAML text to the recipe's tree, with what a hostile file could do refused beforehand.
extension RecipeDocument {
    static let largestNodeCount = 20_000
    private static let deepestNesting = 32

    /// Parses a whole recipe; its root must be a section.
    static func parse(
        _ text: String, name: String, folder: String = ""
    ) throws(InputError) -> RecipeSection {
        guard let node = try compose(text, name: name) else {
            throw InputError("\(name): empty; expected a recipe with keys such as steps: 100")
        }
        var budget = largestNodeCount
        let root = try convert(
            node, place: { "\(name):\($0)" }, folder: folder, depth: 0, budget: &budget)
        guard case .section(let section) = root.value else {
            throw InputError(
                "\(root.origin): the recipe is \(root.found); expected keys such as steps: 100")
        }
        return section
    }

    /// One YAML document, nil for none.
    static func compose(_ text: String, name: String) throws(InputError) -> Node? {
        try checkShape(of: text, name: name)
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw describe(error, name: name)
        } catch {
            throw InputError("\(name): not valid YAML: \(error)")
        }
    }

    /// Refuses what makes a parser recurse or multiply: deep nesting, anchors with aliases.
    ///
    /// Counted without regard to quotes, so that no quoting can hide it from this check.
    private static func checkShape(of text: String, name: String) throws(InputError) {
        guard text.utf8.count <= largestFile else {
            throw InputError("\(name): larger than \(largestFile) bytes; this is not a recipe")
        }
        var open = 0, line = 1, marks = 0
        var isLineStart = true
        var before = UInt8(ascii: "\n")
        var anchorLine: Int?, aliasLine: Int?
        let starts = Set(" \t\n\r[,{:-?".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                isLineStart = true
                marks = 0
            case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
            case UInt8(ascii: " "): break
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if isLineStart { marks += 1 }
            case UInt8(ascii: "&"): if starts.contains(before) { anchorLine = anchorLine ?? line }
            case UInt8(ascii: "*"): if starts.contains(before) { aliasLine = aliasLine ?? line }
            default: isLineStart = false
            }
            before = byte
            if open > deepestNesting || marks > 2 * deepestNesting {
                throw InputError(
                    "\(name):\(line): nested more than \(deepestNesting) deep; this is not a recipe"
                )
            }
        }
        if anchorLine != nil, let aliasLine {
            throw InputError(
                "\(name):\(aliasLine): YAML anchors and aliases (&name, *name) are not supported "
                    + "in a recipe; write the value out, or use base: FILE")
        }
    }

    /// The tree of a parsed document; `place` turns a line into an origin.
    static func convert(
        _ node: Node, place: (Int) -> String, folder: String = "", depth: Int,
        budget: inout Int
    ) throws(InputError) -> RecipeNode {
        let origin = place(node.mark?.line ?? 1)
        budget -= 1
        guard budget > 0, depth <= deepestNesting else {
            throw InputError(
                "\(origin): more than \(largestNodeCount) values or \(deepestNesting) levels; "
                    + "this is not a recipe")
        }
        switch node {
        case .scalar(let scalar):
            return RecipeNode(
                value: .scalar(scalar.string, isPlain: scalar.style == .plain), origin: origin,
                folder: folder)
        case .sequence(let sequence):
            var items: [RecipeNode] = []
            for item in sequence {
                items.append(
                    try convert(
                        item, place: place, folder: folder, depth: depth + 1, budget: &budget))
            }
            return RecipeNode(value: .list(items), origin: origin, folder: folder)
        case .mapping(let mapping):
            var section = RecipeSection()
            for (key, value) in mapping {
                let line = place(key.mark?.line ?? 1)
                guard case .scalar(let scalar) = key, !scalar.string.isEmpty else {
                    throw InputError("\(line): a key must be a name")
                }
                guard section[scalar.string] == nil else {
                    throw InputError("\(line): the key \(scalar.string) occurs twice")
                }
                var inner = try convert(
                    value, place: place, folder: folder, depth: depth + 1, budget: &budget)
                // Messages about a key point at the key's line, also for a nested value.
                inner.origin = line
                section[scalar.string] = inner
            }
            return RecipeNode(value: .section(section), origin: origin)
        case .alias:
            throw InputError("\(origin): YAML aliases are not supported in a recipe")
        }
    }

    private static func describe(_ error: YamlError, name: String) -> InputError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            InputError("\(name):\(mark.line): not valid YAML: \(problem)")
        case .reader(let problem, _, _, _):
            InputError("\(name): not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            InputError(
                "\(name):\(context.mark.line): the key \(duplicates.first ?? "") occurs twice")
        default: InputError("\(name): not valid YAML: \(error)")
        }
    }
}
