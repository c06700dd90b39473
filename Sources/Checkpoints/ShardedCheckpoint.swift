// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import TextFormats

/// A checkpoint in several files, as Hugging Face's libraries cut large ones:
/// `model-00001-of-00003.safetensors` and so on, beside `model.safetensors.index.json` with
/// `{"weight_map": {name: file}}`.
enum ShardedCheckpoint {
    /// The most files of one checkpoint.
    private static let mostFiles = 10_000

    /// The longest index in bytes.
    private static let largestIndex = 1 << 27

    /// Whether a file is an index: JSON whose name says so.
    static func isIndex(_ source: ByteSource) throws(InputError) -> Bool {
        guard source.path.hasSuffix(".index.json"), source.count > 0 else { return false }
        return try source.read(0, 1, of: "the file's beginning")[0] == UInt8(ascii: "{")
    }

    /// The paths of all files of a checkpoint one of which this is; nil for a name that is no such
    /// file's.
    static func files(of path: String) throws(InputError) -> [String]? {
        let pattern = /(.+)-([0-9]{5})-of-([0-9]{5})(\.[A-Za-z0-9]+)/
        guard let match = path.wholeMatch(of: pattern), let number = Int(match.2),
            let count = Int(match.3), count > 1, (1...count).contains(number)
        else { return nil }
        guard count <= mostFiles else {
            throw InputError(
                "one of \(count) files, expected at most \(mostFiles)", path: path)
        }
        let all = (1...count).map { part in
            let digits = String(part)
            return "\(match.1)-\(String(repeating: "0", count: 5 - digits.count))\(digits)"
                + "-of-\(match.3)\(match.4)"
        }
        let missing = all.filter { !FileManager.default.fileExists(atPath: $0) }
        guard missing.isEmpty else {
            throw InputError(
                "is part \(number) of a checkpoint in \(count) files, of which \(missing.count) are "
                    + "not beside it (\(missing[0])); put all of them there", path: path)
        }
        return all
    }

    /// Reads all files of an index, which lie beside it.
    static func read(index source: ByteSource) throws(InputError) -> StateDict {
        guard source.count <= largestIndex else {
            throw source.error(
                "an index of \(source.count) bytes, expected \(largestIndex) at most")
        }
        let bytes = try source.read(0, source.count, of: "the index")
        let map: [(name: String, file: String)]
        do throws(InputError) {
            map = try weightMap(bytes, name: source.path)
        } catch {
            throw InputError(
                "not an index of a checkpoint in several files: \(error)", path: source.path)
        }
        var order: [String] = [], places: [String: String] = [:]
        for (name, file) in map {
            guard !file.isEmpty, file != ".", file != "..", !file.contains("/"),
                !file.contains("\0")
            else {
                throw source.error(
                    "\(name) is said to be in the file \"\(file)\", expected a file's name without "
                        + "folders; the index is damaged")
            }
            guard places.updateValue(file, forKey: name) == nil else {
                throw source.error("the index has the key \(name) twice; it is damaged")
            }
            if !order.contains(file) { order.append(file) }
            guard order.count <= mostFiles else {
                throw source.error("the index names more than \(mostFiles) files")
            }
        }
        guard !order.isEmpty else { throw source.error("the index names no tensors") }
        let folder = URL(fileURLWithPath: source.path).deletingLastPathComponent().path
        let state = try read(order.map { "\(folder)/\($0)" }, from: source.path) {
            (name, path) throws(InputError) in
            guard let file = places[name], path == "\(folder)/\(file)" else {
                throw InputError(
                    "holds \(name), which the index \(source.path) has "
                        + (places[name].map { "in \($0)" } ?? "nowhere")
                        + "; the files are not of one checkpoint", path: path)
            }
        }
        if let (name, file) = map.first(where: { state.value($0.name) == nil }) {
            throw source.error(
                "\(name) is not in \(file), where the index has it; the files are not of one "
                    + "checkpoint")
        }
        return state
    }

    /// Reads files as one; no name may be in two.
    static func read(
        _ paths: [String], from path: String,
        check: (_ name: String, _ path: String) throws(InputError) -> Void = { _, _ in }
    ) throws(InputError) -> StateDict {
        var result = StateDict()
        for file in paths {
            let part = try CheckpointFile.read(ByteSource(path: file))
            if file == paths.first { result.metadata = part.metadata }
            for name in part.names {
                try check(name, file)
                guard result.value(name) == nil else {
                    throw InputError(
                        "\(name) is in this file and in one before it; the files are not of one "
                            + "checkpoint", path: file)
                }
                result.setValue(part.value(name), for: name, storedAs: part.storedType(name))
            }
        }
        return result
    }

    private static func weightMap(
        _ bytes: [UInt8], name: String
    ) throws(InputError) -> [(name: String, file: String)] {
        var scanner = JSONScanner(terminated: bytes + [0], name: name)
        var map: [(name: String, file: String)] = []
        try scanner.open("{")
        while let key = try scanner.nextName() {
            guard key == "weight_map" else {
                try scanner.skipValue()
                continue
            }
            try scanner.open("{")
            while let name = try scanner.nextName() { map.append((name, try scanner.string())) }
        }
        try scanner.end()
        return map
    }
}
