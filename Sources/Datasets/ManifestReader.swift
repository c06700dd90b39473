// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats
import Yams

/// Turns the text of a manifest into a checked value, or one line that says what is wrong with it.
enum ManifestReader {
    /// Largest manifest that is read, in bytes: a guard against a wrong file of that name.
    static let largestText = 4 << 20

    /// Decodes and validates one manifest.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - path: named in every message.
    ///   - name: what the manifest must call itself: the file's name without `.yaml`.
    static func read(_ text: String, path: String, name: String) throws(InputError) -> Manifest {
        let manifest: Manifest
        do {
            manifest = try YAMLDecoder().decode(Manifest.self, from: text)
        } catch {
            throw InputError("\(path)\(describe(error, in: text))")
        }
        if let problem = manifest.firstProblem(fileName: name) {
            throw InputError("\(path): \(problem)")
        }
        return manifest
    }

    /// `:line: key path: found, expected` for whatever the decoder threw.
    private static func describe(_ error: any Error, in text: String) -> String {
        switch error {
        case let unknown as UnknownKey:
            let line = node(at: unknown.path + [NamedKey(unknown.key)], in: text)?.mark
            let hint =
                NearestName.of(unknown.key, among: unknown.known).map { "did you mean \"\($0)\"?" }
                ?? "known keys: \(unknown.known.joined(separator: ", "))"
            return "\(at(line)): unknown key \"\(join(unknown.path, unknown.key))\"; \(hint)"
        case DecodingError.keyNotFound(let key, let context):
            let line = node(at: context.codingPath, in: text)?.mark
            return
                "\(at(line)): the key \"\(join(context.codingPath, key.stringValue))\" is missing"
        case DecodingError.typeMismatch(let type, let context),
            DecodingError.valueNotFound(let type, let context):
            return mismatch(type, context, in: text)
        case DecodingError.dataCorrupted(let context):
            // Yams wraps ours and its own errors (syntax, duplicate keys) in this one.
            if let unknown = context.underlyingError as? UnknownKey {
                return describe(unknown, in: text)
            }
            if let inner = context.underlyingError, !(inner is DecodingError) {
                return ": not valid YAML: \(inner)"
            }
            if context.codingPath.last?.stringValue == "kind" {
                let isPart = context.codingPath.first?.stringValue == "parts"
                return isPart
                    ? mismatch(Manifest.PartKind.self, context, in: text)
                    : mismatch(Manifest.Kind.self, context, in: text)
            }
            return ": \(join(context.codingPath)): \(context.debugDescription)"
        default:
            return ": not valid YAML: \(error)"
        }
    }

    private static func mismatch(
        _ type: any Any.Type, _ context: DecodingError.Context, in text: String
    ) -> String {
        let found = node(at: context.codingPath, in: text)
        let shown =
            switch found {
            case .scalar(let scalar)?: "\"\(scalar.string)\""
            case .sequence?: "a list"
            case .mapping?: "a mapping"
            case .alias?, nil: "nothing"
            }
        let place = context.codingPath.isEmpty ? "the document" : join(context.codingPath)
        return "\(at(found?.mark)): \(place): found \(shown), expected \(expected(type))"
    }

    private static func expected(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is Manifest.Kind.Type:
            "one of \(Manifest.Kind.allCases.map(\.rawValue).joined(separator: ", "))"
        case is Manifest.PartKind.Type:
            "one of \(Manifest.PartKind.allCases.map(\.rawValue).joined(separator: ", "))"
        // What Yams calls the three shapes of a node.
        case is Node.Scalar.Type: "a single value"
        case is Node.Sequence.Type: "a list"
        default: "a mapping"
        }
    }

    private static func at(_ mark: Mark?) -> String { mark.map { ":\($0.line)" } ?? "" }

    /// `sources[0].archive.bytes`.
    private static func join(_ path: [any CodingKey], _ last: String? = nil) -> String {
        var joined = ""
        for key in path.map({ ($0.intValue, $0.stringValue) }) + (last.map { [(nil, $0)] } ?? []) {
            if let index = key.0 {
                joined += "[\(index)]"
            } else {
                joined += joined.isEmpty ? key.1 : ".\(key.1)"
            }
        }
        return joined
    }

    /// The node at a path, as far as the path leads.
    private static func node(at path: [any CodingKey], in text: String) -> Node? {
        guard var node = try? Yams.compose(yaml: text) else { return nil }
        for key in path {
            if let index = key.intValue, let list = node.sequence, list.indices.contains(index) {
                node = list[index]
            } else if let value = node.mapping?[key.stringValue] {
                node = value
            } else {
                return nil
            }
        }
        return node
    }
}
