// SPDX-License-Identifier: Apache-2.0

extension Manifest {
    /// The first rule that this manifest breaks, worded for its author; none when it is sound.
    ///
    /// The rules keep a manifest from reaching outside its folder or slipping an option to a
    /// client: names and versions have the alphabets of their registries and no leading hyphen,
    /// paths are relative and without `..`.
    func firstProblem(fileName: String) -> String? {
        if name != fileName {
            return "name: found \"\(name)\", expected \"\(fileName)\" as the file is called"
        }
        if !Self.isSafe(name, alphabet: "abcdefghijklmnopqrstuvwxyz0123456789-") {
            return "name: found \"\(name)\", expected lower-case letters, digits and hyphens"
        }
        let texts = [
            ("title", title), ("summary", summary), ("licence", licence),
            ("attribution", attribution), ("layout", layout),
        ]
        if let empty = texts.first(where: { $0.1.isEmpty }) {
            return "\(empty.0): empty, expected a text"
        }
        if files.isEmpty && !isByHand { return "sources: no file, expected at least one" }
        for (index, source) in sources.enumerated() {
            if let problem = source.firstProblem() { return "sources[\(index)].\(problem)" }
        }
        var seen: Set<String> = []
        if let twice = files.map(\.path).first(where: { !seen.insert($0).inserted }) {
            return "sources: the path \"\(twice)\" appears twice"
        }
        return splitProblem() ?? firstByHandProblem()
    }

    private func splitProblem() -> String? {
        var seen: Set<String> = []
        for split in splits where !seen.insert(split.name).inserted {
            return "splits: the split \"\(split.name)\" appears twice"
        }
        var owner: [String: String] = [:]
        for split in splits {
            for item in split.items {
                if let other = owner.updateValue(split.name, forKey: item) {
                    return "splits: \"\(item)\" is in \"\(other)\" and in \"\(split.name)\""
                }
            }
        }
        return nil
    }

    static func isSafe(_ text: String, alphabet: String) -> Bool {
        guard let first = text.first, first != "-", first != "." else { return false }
        return text.allSatisfy(alphabet.contains)
    }

    static func isSHA256(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// A relative path whose parts do not begin with a dot or a hyphen.
    ///
    /// A leading dot covers `.`, `..` and the cache's own hidden files; a leading hyphen could be
    /// read as an option.
    static func isSafePath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            guard let first = part.first, first != ".", first != "-" else { return false }
            return part.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        }
    }
}

extension Manifest.Source {
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    func firstProblem() -> String? {
        if kind != .manual && (what != nil || home != nil) {
            return "kind: a \(kind.rawValue) source has neither what nor home"
        }
        switch kind {
        case .manual:
            if packageName != nil || version != nil || archive != nil || !files.isEmpty {
                return "kind: a manual source has no package, version, archive or files"
            }
            guard let what, let home, !what.isEmpty, Self.isPage(home) else {
                return "kind: a manual source needs what to get and the home page that gives it out"
            }
        case .project:
            if packageName != nil || version != nil || archive != nil {
                return "kind: a project source has no package, version or archive"
            }
        case .pipSdist, .pipWheel, .aptSource, .aptDeb:
            guard let packageName, let version, let archive else {
                return "kind: a \(kind.rawValue) source needs package, version and archive"
            }
            if !Manifest.isSafe(packageName, alphabet: Self.letters + "._+-") {
                return "package: \"\(packageName)\" is not the name of a package"
            }
            if !Manifest.isSafe(version, alphabet: Self.letters + ".+~:-") {
                return "version: \"\(version)\" is not a version"
            }
            if let problem = archive.firstProblem() { return "archive.\(problem)" }
        }
        for (index, file) in files.enumerated() {
            if let problem = file.firstProblem() { return "files[\(index)].\(problem)" }
            if kind == .project && file.members.count != 1 {
                return "files[\(index)].members: a project file has one member, the file itself"
            }
        }
        return nil
    }
}

extension Manifest.Source {
    /// Whether a text is the address of a page.
    private static func isPage(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://"))
            && !text.contains(where: \.isWhitespace)
    }
}

extension Manifest.Archive {
    func firstProblem() -> String? {
        if name.contains("/") || !Manifest.isSafePath(name) {
            return "name: \"\(name)\" is not a plain file name"
        }
        if UnpackStep(archive: name) == nil {
            return "name: \"\(name)\" is no .tar.gz, .tgz, .tar, .whl, .zip or .deb"
        }
        if bytes <= 0 { return "bytes: found \(bytes), expected a size above 0" }
        if !Manifest.isSHA256(sha256) {
            return "sha256: \"\(sha256)\" is not 64 lower-case hexadecimal digits"
        }
        return nil
    }
}

extension Manifest.File {
    func firstProblem() -> String? {
        if !Manifest.isSafePath(path) {
            return "path: \"\(path)\" is not a plain relative path"
        }
        if members.isEmpty { return "members: empty, expected the path in the archive" }
        if let member = members.first(where: { !Manifest.isSafePath($0) }) {
            return "members: \"\(member)\" is not a plain relative path"
        }
        if let inner = members.dropLast().first(where: { UnpackStep(archive: $0) == nil }) {
            return "members: \"\(inner)\" is no archive that can be unpacked"
        }
        if bytes <= 0 { return "bytes: found \(bytes), expected a size above 0" }
        if !Manifest.isSHA256(sha256) {
            return "sha256: \"\(sha256)\" is not 64 lower-case hexadecimal digits"
        }
        return nil
    }
}
