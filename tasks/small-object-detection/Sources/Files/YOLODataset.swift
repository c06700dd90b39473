// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Recipes
import TextFormats

/// A `data.yaml`: names of classes, and where the pictures of each part of the data lie.
package struct YOLODataset: Sendable {
    /// A part of the data.
    package enum Split: String, Sendable, CaseIterable {
        /// Images to train on.
        case train
        /// Images to evaluate on.
        case val
        /// Images of a last test.
        case test
    }

    /// Pictures of a part.
    package struct Pictures: Sendable, Equatable {
        /// The folder of the images.
        package let folder: String
        /// Files and folders in it that make up the part; nil for the whole folder.
        package let within: [String]?
    }

    /// The names of the classes by number.
    package let names: [String]
    private let path: String
    private let root: String
    private let parts: [Split: [String]]

    /// Whether a path is that of such a file.
    package static func isOne(_ path: String) -> Bool {
        ["yaml", "yml"].contains((path as NSString).pathExtension.lowercased())
    }

    /// Reads a file.
    ///
    /// - Throws: One line for what is no YAML, or where names are missing or not numbered from 0.
    package init(_ path: String) throws(InputError) {
        self.path = path
        let own = (path as NSString).deletingLastPathComponent
        let folder = own.isEmpty ? "." : own
        let reader = RecipeReader(try RecipeDocument(path: path))
        var parts: [Split: [String]] = [:]
        for (key, split) in [
            ("train", Split.train), ("valid", .val), ("val", .val), ("test", .test),
        ] where reader.has(key) {
            parts[split] =
                reader.isList(key)
                ? try reader.optionalTexts(key) ?? []
                : try reader.optionalText(key).map { [$0] } ?? []
        }
        self.parts = parts
        names = try Self.names(reader, path)
        root = Self.root(try reader.optionalText("path"), folder)
    }

    /// Names as a list, or as a map from their numbers.
    private static func names(_ reader: RecipeReader, _ path: String) throws(InputError) -> [String]
    {
        let keys = reader.keys(of: "names")
        var names: [String] = []
        if keys.isEmpty {
            names = try reader.has("names") ? reader.optionalTexts("names") ?? [] : []
        } else {
            let numbers = keys.compactMap { key in Int(key).map { (number: $0, key: key) } }
                .sorted { $0.number < $1.number }
            guard numbers.count == keys.count, numbers.map(\.number) == Array(0..<keys.count)
            else {
                throw InputError(
                    "\(path): numbers its names \(keys.prefix(10).joined(separator: ", ")); "
                        + "expected every number from 0 to \(keys.count - 1)")
            }
            for (_, key) in numbers {
                if let name = try reader.optionalText("names.\(key)") { names.append(name) }
            }
        }
        guard !names.isEmpty, names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count
        else {
            throw InputError(
                "\(path): has no list of different names; expected names: [a, b] or a map from "
                    + "their numbers")
        }
        return names
    }

    /// What the parts' paths start from: `path`, else the file's own folder.
    ///
    /// A relative `path` is often meant from a folder of all data sets that this program doesn't
    /// know; where it is not there the file's folder is taken.
    private static func root(_ text: String?, _ folder: String) -> String {
        guard let text, !text.isEmpty else { return folder }
        let whole = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        return isThere(whole) ? whole : folder
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// Where the pictures of a part lie: a folder, a list of folders, or a text file of pictures.
    ///
    /// - Throws: One line where the file doesn't say, or says what isn't there.
    package func pictures(_ split: Split) throws(InputError) -> Pictures {
        let entries = parts[split] ?? []
        guard !entries.isEmpty else {
            throw InputError(
                "\(path): names no \(split.rawValue) images; expected \(split.rawValue): FOLDER, or "
                    + "name the folder of the images")
        }
        var places: [String] = []
        for entry in entries { places.append(try place(entry)) }
        if places.count == 1, !places[0].lowercased().hasSuffix(".txt") {
            return Pictures(folder: places[0], within: nil)
        }
        var within: [String] = []
        for place in places {
            guard place.lowercased().hasSuffix(".txt") else {
                within.append(try relative(place))
                continue
            }
            let base = (place as NSString).deletingLastPathComponent
            for line in try Self.lines(of: place) {
                let whole =
                    line.hasPrefix("/")
                    ? line : line.hasPrefix("./") ? "\(base)/\(line)" : "\(root)/\(line)"
                within.append(try relative(Self.isThere(whole) ? whole : "\(base)/\(line)"))
            }
        }
        return Pictures(folder: root, within: within)
    }

    private func place(_ entry: String) throws(InputError) -> String {
        var candidates = [entry.hasPrefix("/") ? entry : "\(root)/\(entry)"]
        // Some exports count from a folder beside the file, with the file's own meant.
        if entry.hasPrefix("../") { candidates.append("\(root)/\(entry.dropFirst(3))") }
        guard let found = candidates.first(where: Self.isThere) else {
            throw InputError(
                "\(path): names \(entry), but there is no \(candidates[0]); expected a folder of "
                    + "images, correct path and the entry")
        }
        return (found as NSString).standardizingPath
    }

    /// A path below the root.
    private func relative(_ place: String) throws(InputError) -> String {
        let start = URL(fileURLWithPath: root).standardizedFileURL.path + "/"
        let whole = URL(fileURLWithPath: place).standardizedFileURL.path
        guard whole.hasPrefix(start) else {
            throw InputError(
                "\(path): names \(place), which lies outside \(root); expected images below it, "
                    + "correct path")
        }
        return String(whole.dropFirst(start.count))
    }

    /// The lines of a text without blanks at their ends, from behind a byte order mark; without the
    /// last empty ones.
    static func lines(of path: String) throws(InputError) -> [String] {
        let bytes = try TextFile.read(path, expected: "a list, one entry a line", limit: 64 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces.union(["\u{FEFF}"])) }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}
