// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// The inputs of a command that takes many: files, folders and patterns.
package struct InputList: Sendable {
    /// The files in the order given, those of a folder or pattern by name; each once.
    package let paths: [String]
    /// What a user should know, a line each.
    package let notes: [String]

    /// Which files of a folder are inputs.
    package struct Kind: Sendable {
        /// What an input is called, such as "image".
        package let noun: String
        /// Endings in lower case, without their dot.
        package let endings: Set<String>
        /// Whether a folder is an input itself.
        package var takesFolder: @Sendable (_ path: String) -> Bool = { _ in false }
        /// Whether a file of a folder is none of the inputs, though its ending fits.
        package var leavesOut: @Sendable (_ name: String) -> Bool = { _ in false }

        /// Files with one of these endings.
        package init(_ noun: String, endings: Set<String>) {
            self.noun = noun
            self.endings = endings
        }
    }

    /// Finds the inputs.
    ///
    /// A folder stands for the files in it whose ending fits, without those of the folders in it.
    /// A pattern has `*`, `?` or `[…]` for parts of names and `**` for any folders; a path that is
    /// there is none. Hidden files are passed over by both.
    ///
    /// - Throws: One line for a folder or pattern without any input.
    package init(_ arguments: [String], _ kind: Kind) throws(InputError) {
        var found: [String] = [], notes: [String] = []
        for argument in arguments {
            if Self.isThere(argument) || !Self.isPattern(argument) {
                found += try Self.files(argument, kind, &notes)
                continue
            }
            let matches = Self.matches(argument)
            guard !matches.isEmpty else {
                throw InputError(
                    "\(argument): matches nothing; expected \(kind.noun)s, check the pattern")
            }
            for match in matches { found += try Self.files(match, kind, &notes) }
        }
        var seen = Set<String>()
        paths = found.filter { seen.insert(FileIdentity.place($0)).inserted }
        let repeats = found.count - paths.count
        if repeats > 0 {
            notes.append(
                "\(repeats) \(kind.noun)\(repeats == 1 ? " is" : "s are") named more than once; "
                    + "each is taken once")
        }
        self.notes = notes
    }

    /// Checks that every input is there.
    ///
    /// - Throws: One line that names the first that is not.
    package func checkPresent() throws(InputError) {
        let missing = paths.filter { !Self.isThere($0) }
        guard let first = missing.first else { return }
        throw InputError(
            "\(first): no such file"
                + (missing.count > 1 ? ", nor are \(missing.count - 1) others there" : "")
                + "; expected an input, check the path")
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// The names in a folder that aren't hidden, by their bytes.
    private static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { !$0.hasPrefix(".") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func joined(_ folder: String, _ name: String) -> String {
        folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The inputs of one path.
    private static func files(
        _ path: String, _ kind: Kind, _ notes: inout [String]
    ) throws(InputError) -> [String] {
        guard isFolder(path), !kind.takesFolder(path) else { return [path] }
        var result: [String] = [], others = 0, folders = 0
        for name in names(path) {
            let file = joined(path, name)
            if isFolder(file) {
                if kind.takesFolder(file) { result.append(file) } else { folders += 1 }
                continue
            }
            let ending = URL(fileURLWithPath: name).pathExtension.lowercased()
            if kind.endings.contains(ending), !kind.leavesOut(name) {
                result.append(file)
            } else {
                others += 1
            }
        }
        guard !result.isEmpty else {
            let endings = kind.endings.sorted().joined(separator: ", ")
            let deeper = "beside \(folders) folders; name those, or give '\(joined(path, "**/*"))'"
            let advice = folders > 0 ? deeper : "to read; expected at least one, check the path"
            throw InputError("\(path): holds no \(kind.noun) (\(endings)) \(advice)")
        }
        let passed =
            (others > 0 ? ", \(others) other files passed over" : "")
            + (folders > 0 ? ", folders in it passed over" : "")
        notes.append(
            "\(path): \(result.count) \(kind.noun)\(result.count == 1 ? "" : "s")\(passed)")
        return result
    }

    // MARK: Patterns

    private static func isPattern(_ path: String) -> Bool {
        path.contains { "*?[".contains($0) }
    }

    /// What fits a pattern, by name.
    private static func matches(_ pattern: String) -> [String] {
        let parts = pattern.split(separator: "/").map(String.init)
        var found: [String] = []
        var seen = Set<String>()
        func walk(_ folder: String, _ rest: ArraySlice<String>) {
            guard let part = rest.first else {
                if seen.insert(folder).inserted { found.append(folder) }
                return
            }
            let next = rest.dropFirst()
            let place = folder.isEmpty ? "." : folder
            if part == "**" {
                walk(folder, next)
                for name in names(place) where isOwnFolder(joined(folder, name)) {
                    walk(joined(folder, name), rest)
                }
            } else if isPattern(part) {
                for name in names(place) where unsafe fnmatch(part, name, FNM_PERIOD) == 0 {
                    let path = joined(folder, name)
                    if next.isEmpty || isFolder(path) { walk(path, next) }
                }
            } else {
                let path = joined(folder, part)
                if isThere(path) { walk(path, next) }
            }
        }
        walk(pattern.hasPrefix("/") ? "/" : "", parts[...])
        // A folder that `**` stands for is none of the things looked for.
        return parts.last == "**" ? found.filter { !isFolder($0) } : found
    }

    /// Whether a path is a folder and no link, which might lead in a circle.
    private static func isOwnFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
