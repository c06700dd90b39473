// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation
import Recipes
import TextFormats

/// Compares the code of a guide with the program's commands and the repository's files.
struct GuideCheck {
    let program: ProgramCommand
    /// The repository's folder.
    let root: String

    /// Keys of a recipe that a guide sets, and the command that it sets them for.
    struct Settings: Equatable {
        let place: String
        /// The names that lead to the command.
        let command: [String]
        /// The recipe that the guide names, if it is one of the repository's.
        let recipe: String?
        /// `key=value` each.
        let keys: [String]
    }

    /// What a guide's code says.
    struct Findings {
        /// How many commands of the program it has.
        var commands = 0
        /// `PATH:LINE: what isn't there; the nearest that is`.
        var problems: [String] = []
        var settings: [Settings] = []
    }

    /// Looks through a guide.
    func check(_ markdown: String, of path: String) -> Findings {
        var found = Findings()
        for code in GuideCode.list(in: markdown) {
            let place = "\(path):\(code.line)"
            for words in code.commands {
                if let problem = fileProblem(words) {
                    found.problems.append("\(place): \(problem)")
                }
                guard let arguments = arguments(words, isBlock: code.isBlock) else {
                    if words[0].hasPrefix("--"), !code.isBlock {
                        found.problems += strayOptions(words).map { "\(place): \($0)" }
                        found.settings += set(words, command: [], place: place)
                    }
                    continue
                }
                let walk = walk(arguments)
                found.commands += 1
                if let problem = walk.problem { found.problems.append("\(place): \(problem)") }
                found.settings += set(arguments, command: walk.path, place: place)
            }
        }
        return found
    }

    /// The words after `dr2net`, where a command runs it, or where prose leaves it out.
    private func arguments(_ words: [String], isBlock: Bool) -> [String]? {
        func isProgram(_ word: String) -> Bool { word == "dr2net" || word.hasSuffix("/dr2net") }
        if let first = words.firstIndex(where: { !$0.contains("=") }) {
            if isProgram(words[first]) { return Array(words[(first + 1)...]) }
            if ["mpirun", "time", "nice", "nohup"].contains(words[first]),
                let program = words.firstIndex(where: isProgram)
            {
                return Array(words[(program + 1)...])
            }
        }
        let isBare =
            !isBlock && words.count > 1 && words[1].wholeMatch(of: /[a-z-]+/) != nil
            && program.children.contains { $0.isGroup && $0.path == [words[0]] }
        return isBare ? words : nil
    }

    /// Goes down the program's commands along the words.
    private func walk(_ arguments: [String]) -> (path: [String], problem: String?) {
        var commands = [program], places = 0, isValue = false
        func name(_ command: ProgramCommand) -> String {
            (["dr2net"] + command.path).joined(separator: " ")
        }
        for argument in arguments {
            if isValue {
                isValue = false
                continue
            }
            let word = plain(argument)
            if word.isEmpty { continue }
            if word.hasPrefix("-") {
                let option = word.drop { $0 == "-" }.prefix { $0 != "=" }
                guard let command = commands.first(where: { $0.options.contains(String(option)) })
                else {
                    let known = commands.flatMap(\.options).map { "--\($0)" }.sorted()
                    return (
                        commands[0].path,
                        "`\(name(commands[0]))` has no \(word)" + nearest(word, known)
                    )
                }
                isValue = command.valued.contains(String(option)) && !word.contains("=")
            } else if commands.allSatisfy(\.isGroup) {
                let names = word.trimmingCharacters(in: ["{", "}"])
                    .split { $0 == "|" || $0 == "," }.map(String.init)
                let children = commands.flatMap(\.children)
                let known = children.compactMap(\.path.last)
                // TASK stands for any that has commands of its own.
                if names.allSatisfy({ $0 == $0.uppercased() }) {
                    let groups = children.filter(\.isGroup)
                    commands = groups.isEmpty ? children : groups
                } else if let unknown = names.first(where: { !known.contains($0) }) {
                    return (
                        commands[0].path,
                        "`\(name(commands[0]))` has no command \(unknown)"
                            + nearest(unknown, known)
                    )
                } else {
                    commands = children.filter { names.contains($0.path.last ?? "") }
                }
            } else {
                places += 1
                let most = commands.map(\.positionals).max() ?? 0
                if places > most {
                    return (
                        commands[0].path,
                        "`\(name(commands[0]))` takes \(most) arguments, \(word) is one more"
                    )
                }
                if let problem = dataset(word, commands[0]) { return (commands[0].path, problem) }
            }
        }
        return (commands[0].path, nil)
    }

    /// A data set that has no manifest.
    private func dataset(_ word: String, _ command: ProgramCommand) -> String? {
        guard command.path.first == "data", word != word.uppercased() else { return nil }
        let known = ManifestCatalog(folder: "\(root)/data-manifests").names
        return known.contains(word) ? nil : "no data set \(word)" + nearest(word, known)
    }

    /// Options named alone, which some command or some script must have.
    private func strayOptions(_ words: [String]) -> [String] {
        let known = Set(program.all.flatMap(\.options))
        return words.map(plain).filter { $0.hasPrefix("--") }.compactMap { word in
            let option = String(word.dropFirst(2).prefix { $0 != "=" })
            if known.contains(option) || scripts.contains("--\(option)") { return nil }
            return "no command has --\(option)" + nearest("--\(option)", known.map { "--\($0)" })
        }
    }

    /// The text of everything that the repository has to run.
    private var scripts: String {
        ["scripts", "Benchmarks"].map { "\(root)/\($0)" }.flatMap { folder in
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
            return (names ?? []).map { "\(folder)/\($0)" }
        }.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.joined()
    }

    /// A file of the repository that isn't there, or a script that can't be run.
    private func fileProblem(_ words: [String]) -> String? {
        let folders = [
            "scripts/", "Benchmarks/", "tasks/", "data-manifests/", "Sources/", "Tests/",
        ]
        for (index, argument) in words.enumerated() {
            let word = plain(argument.hasPrefix("./") ? String(argument.dropFirst(2)) : argument)
            guard folders.contains(where: word.hasPrefix),
                word.wholeMatch(of: /[A-Za-z0-9_.+\/-]+/) != nil
            else { continue }
            let path = "\(root)/\(word)"
            guard FileManager.default.fileExists(atPath: path) else {
                let folder = (word as NSString).deletingLastPathComponent
                let names = try? FileManager.default.contentsOfDirectory(
                    atPath: "\(root)/\(folder)")
                return "no file \(word)"
                    + nearest(
                        (word as NSString).lastPathComponent, (names ?? []).sorted(),
                        in: folder + "/")
            }
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let isRun = index == 0 && ["scripts/", "Benchmarks/"].contains(where: word.hasPrefix)
            if isRun, !isFolder.boolValue, (word as NSString).pathExtension.isEmpty,
                !FileManager.default.isExecutableFile(atPath: path)
            {
                return "\(word) is not executable"
            }
        }
        return nil
    }

    private func set(_ words: [String], command: [String], place: String) -> [Settings] {
        let words = words.map(plain)
        let keys = zip(words, words.dropFirst()).filter { $0.0 == "--set" }.map(\.1)
            .filter { $0.contains("=") && !$0.hasPrefix("key") }
        let recipe = words.first {
            $0.hasSuffix(".yaml") && FileManager.default.fileExists(atPath: "\(root)/\($0)")
        }
        return keys.isEmpty
            ? [] : [Settings(place: place, command: command, recipe: recipe, keys: keys)]
    }

    /// A word without the brackets and dots of a usage line.
    private func plain(_ word: String) -> String {
        var word = word[...]
        if word.hasPrefix("[") { word = word.dropFirst() }
        while word.hasSuffix("...") { word = word.dropLast(3) }
        if word.hasSuffix("]"), !word.contains("[") { word = word.dropLast() }
        while let last = word.last, "…,:".contains(last) { word = word.dropLast() }
        return String(word)
    }

    private func nearest(_ name: String, _ known: [String], in folder: String = "") -> String {
        NearestName.of(name, among: known).map { "; did you mean \(folder)\($0)?" }
            ?? "; there are \(known.joined(separator: ", "))"
    }
}
