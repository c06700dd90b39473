// SPDX-License-Identifier: Apache-2.0
import Console

/// What was found of one part of a data set.
package struct PartStatus: Sendable, Equatable, Codable {
    /// The part's name.
    package let part: String
    /// The subset it belongs to.
    package let subset: String?
    /// Where it lies below the set's folder; nil where nothing of it was found.
    package let place: String?
    /// Where it was looked for.
    package let looked: [String]
    /// What to do about what is missing.
    package let hint: String?
    /// How many files there must be: as the annotation lists them, else as published.
    package internal(set) var expected: Int?
    /// Files that are there.
    package internal(set) var found = 0
    /// Files that are not there.
    package internal(set) var missing = 0
    /// Files that were opened, and those of them that can't be read.
    package internal(set) var opened = 0
    /// Files that cannot be read.
    package internal(set) var damaged = 0
    /// Other files beside them.
    package internal(set) var others = 0
    /// The first names of each list.
    package internal(set) var missingNames: [String] = []
    /// The first that cannot be read.
    package internal(set) var damagedFiles: [String] = []
    /// The first of the others.
    package internal(set) var otherNames: [String] = []
    /// What a user should know.
    package internal(set) var notes: [String] = []

    init(part: String, subset: String?, place: String?, looked: [String], hint: String?) {
        self.part = part
        self.subset = subset
        self.place = place
        self.looked = looked
        self.hint = hint
    }

    /// Whether files of it are there.
    package var isHere: Bool { place != nil }

    /// Whether what is there is whole: nothing missing, nothing damaged.
    package var isWhole: Bool { missing == 0 && damaged == 0 }

    mutating func list(missing names: [String]) {
        missing = names.count
        missingNames = Array(names.prefix(SetCheck.longestList))
    }

    mutating func list(others names: [String]) {
        others = names.count
        otherNames = Array(names.prefix(3))
    }

    /// Notes a file that can't be read; the reason names it once.
    mutating func note(damaged file: String, _ reason: String, beside path: String) {
        damaged += 1
        guard damagedFiles.count < SetCheck.longestList else { return }
        let reason =
            reason.hasPrefix(path)
            ? String(reason.dropFirst(path.count).drop { ":/ ".contains($0) }) : reason
        damagedFiles.append("\(file): \(reason)")
    }
}

/// The commands that train by a recipe.
package struct TrainingLine: Sendable, Equatable, Codable {
    /// The recipe that trains on it.
    package let recipe: String
    /// Parts that it needs.
    package let needs: [String]
    /// Those of them that aren't here, or weren't looked at.
    package let lacks: [String]
    /// The commands, with the places of the parts that are.
    package let commands: [String]
}

/// The result of `dr2net data verify` for a set that was fetched by hand.
package struct SetVerification: Sendable, Equatable, Codable {
    /// The data set's name.
    package let dataset: String
    /// The folder that was looked through.
    package let folder: String
    /// What became of each part.
    package let parts: [PartStatus]
    /// Recipes that can be trained now, or what they lack.
    package let training: [TrainingLine]
    /// Whether some subsets alone were looked at.
    package let isPartial: Bool

    /// Whether what is here is whole and enough to train, or to use the subsets asked for.
    package var isComplete: Bool {
        parts.allSatisfy(\.isWhole) && training.contains { lackedHere($0).isEmpty }
            && (!isPartial || absentBesides.isEmpty)
    }

    /// What of the parts looked at a recipe lacks.
    private func lackedHere(_ line: TrainingLine) -> [String] {
        line.lacks.filter { name in parts.contains { $0.part == name } }
    }

    /// Parts looked at that aren't here and that no recipe needs.
    private var absentBesides: [String] {
        parts.filter { part in !part.isHere && !training.contains { $0.needs.contains(part.part) } }
            .map(\.part)
    }

    /// One line that says why it isn't complete.
    package var reason: String {
        let missing = parts.reduce(0) { $0 + $1.missing }
        let damaged = parts.reduce(0) { $0 + $1.damaged }
        guard missing == 0 && damaged == 0 else {
            return "\(dataset): \(missing) missing and \(damaged) damaged in \(folder), expected "
                + "none; get those again (`dr2net data show \(dataset)` says from whom)"
        }
        let lacks = training.map(lackedHere).min { $0.count < $1.count } ?? []
        return
            "\(dataset): not enough in \(folder): no "
            + (lacks.isEmpty ? absentBesides : lacks).joined(separator: ", no ")
            + "; get it, or name what you have with --subset"
    }

    /// The table by parts, what is missing and damaged by name, and the commands that train.
    package func describe() -> String {
        var lines = ["\(dataset) in \(folder)", ""]
        let header = ["part", "place", "expected", "found", "missing", "damaged"]
        lines += TextTable.lines(
            [header] + parts.map(\.row), numbers: [2, 3, 4, 5])
        for part in parts { lines += part.details() }
        let opened = parts.reduce(0) { $0 + $1.opened }
        let found = parts.reduce(0) { $0 + $1.found }
        lines += [
            "", "opened \(opened) of \(found) files" + (opened < found ? ", drawn evenly" : ""),
        ]
        let ready = training.filter(\.lacks.isEmpty)
        if !ready.isEmpty {
            lines += ["", "train with one of:"] + ready.flatMap { $0.commands.map { "  \($0)" } }
        }
        for line in training where !line.lacks.isEmpty {
            lines.append(
                "not enough for \(line.recipe): no \(line.lacks.joined(separator: ", no "))")
        }
        return lines.joined(separator: "\n")
    }
}

extension PartStatus {
    /// Part, place and counts, as a row of the table.
    fileprivate var row: [String] {
        guard let place else { return [part, "not here", "", "", "", ""] }
        return [part, place, expected.map(String.init) ?? "-"]
            + [found, missing, damaged].map(String.init)
    }

    /// What is behind the row's numbers.
    fileprivate func details() -> [String] {
        var lines: [String] = []
        if !isHere {
            lines.append("\(part): looked for \(looked.joined(separator: ", "))")
            if let hint { lines.append("  \(hint)") }
        }
        if missing > 0 {
            let more = missing > missingNames.count ? " ..." : ""
            let names = missingNames.map(PartStatus.shown).joined(separator: " ")
            lines.append("\(part): \(missing) missing" + (names.isEmpty ? "" : ": \(names)\(more)"))
        }
        if damaged > 0 {
            lines.append("\(part): \(damaged) damaged:")
            lines += damagedFiles.map { "  \(PartStatus.shown($0))" }
            if damaged > damagedFiles.count { lines.append("  ...") }
        }
        if others > 0 {
            let names = otherNames.map(PartStatus.shown).joined(separator: " ")
            lines.append(
                "\(part): \(others) other files beside them: \(names)"
                    + (others > otherNames.count ? " ..." : ""))
        }
        return lines + notes.map(PartStatus.shown)
    }

    /// A name from a folder or a file without control characters.
    private static func shown(_ name: String) -> String {
        String(
            name.unicodeScalars.map {
                $0.properties.generalCategory == .control ? "?" : Character($0)
            })
    }
}
