// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Counts and opens what is there of a data set that was fetched by hand.
package struct SetCheck {
    /// Names, and damaged files, that a result lists.
    static let longestList = 10

    private let manifest: Manifest
    private let folder: String
    private let readers: [any PartReader]
    private let sample: Int?
    private let subsets: Set<String>

    /// A check.
    ///
    /// - Parameters:
    ///   - folder: The set's folder, or one that holds it under its name.
    ///   - sample: How many files of a part are opened, drawn evenly; all where nil.
    ///   - subsets: The subsets that are looked at; all where empty.
    /// - Throws: `InputError` for a folder that isn't there and a subset that the set hasn't.
    package init(
        _ manifest: Manifest, in folder: String, readers: [any PartReader], sample: Int? = nil,
        subsets: [String] = []
    ) throws(InputError) {
        let root = FileSystem.absolute(folder)
        let own = "\(root)/\(manifest.name)"
        self.folder = FileSystem.isFolder(own) ? own : root
        guard FileSystem.isFolder(self.folder) else {
            throw InputError(
                "\(self.folder): no such folder; expected \(manifest.name), which is fetched by "
                    + "hand: `dr2net data show \(manifest.name)` says from whom")
        }
        let known = manifest.subsets?.map(\.name) ?? []
        if let odd = subsets.first(where: { !known.contains($0) }) {
            throw InputError(
                "\(manifest.name) has no subset \"\(odd)\"; expected "
                    + known.joined(separator: ", "))
        }
        self.manifest = manifest
        self.readers = readers
        self.sample = sample
        self.subsets = Set(subsets)
    }

    /// What was found of a part before its files are opened.
    private struct Found {
        let part: Manifest.Part
        let files: PartFiles
        var status: PartStatus
        /// Whose names are listed, by what a reader or the file's own name says.
        var contents: PartContents?
        /// Paths to open, those of the part, and those that are not, below the part's place.
        var toOpen: [String] = [], claimed: [String] = [], others: [String] = []
    }

    /// Looks at every part.
    ///
    /// - Parameters:
    ///   - reading: Told the path of each annotation before it is read.
    ///   - opened: Told how many files are opened, of how many, and the part's name.
    /// - Throws: `InputError` where nothing of the set is there.
    package func run(
        reading: (_ path: String) -> Void = { _ in },
        opened: (_ done: Int, _ total: Int, _ part: String) -> Void = { _, _, _ in }
    ) throws(InputError) -> SetVerification {
        let parts = (manifest.parts ?? []).filter {
            subsets.isEmpty || $0.subset.map(subsets.contains) ?? true
        }
        var found = parts.map(look)
        guard found.contains(where: { $0.files.place != nil }) else {
            let places = parts.map { part in
                part.at[0] == "." ? part.files ?? "." : part.at[0]
            }
            var seen: Set<String> = []
            throw InputError(
                "\(folder): nothing of \(manifest.name) is here; expected "
                    + places.filter { seen.insert($0).inserted }.joined(separator: ", ")
                    + "; `dr2net data show \(manifest.name)` says what to get")
        }
        for index in found.indices { read(&found[index], reading) }
        for index in found.indices { count(&found[index], among: found) }
        countOthers(of: &found)
        let total = found.reduce(0) { $0 + $1.toOpen.count }
        var done = 0
        for index in found.indices {
            for file in found[index].toOpen {
                open(file, of: &found[index])
                done += 1
                opened(done, total, found[index].part.name)
            }
        }
        return SetVerification(
            dataset: manifest.name, folder: folder, parts: found.map(\.status),
            training: (manifest.training ?? []).map { line($0, found) },
            isPartial: !subsets.isEmpty)
    }

    private func reader(of kind: Manifest.PartKind) -> (any PartReader)? {
        readers.first { $0.kinds.contains(kind) }
    }

    private func path(_ file: String, of found: Found) -> String {
        let place = found.files.place ?? "."
        let base = place == "." ? folder : "\(folder)/\(place)"
        return file.isEmpty ? base : "\(base)/\(file)"
    }

    /// Finds the files of a part.
    private func look(_ part: Manifest.Part) -> Found {
        let endings = reader(of: part.kind)?.endings(of: part.kind) ?? nil
        let files = PartFiles(part, in: folder, endings: endings)
        return Found(
            part: part, files: files,
            status: PartStatus(
                part: part.name, subset: part.subset, place: files.place, looked: part.at,
                hint: part.hint))
    }

    /// Reads what an annotation lists; one that can't be read is a damaged file.
    private func read(_ found: inout Found, _ reading: (String) -> Void) {
        guard found.files.place != nil, let reader = reader(of: found.part.kind),
            reader.lists(found.part.kind)
        else { return }
        for file in found.files.files {
            let path = path(file, of: found)
            reading(path)
            do {
                let contents = try reader.contents(of: path, as: found.part.kind)
                found.contents = contents
                found.status.notes += differences(contents, of: found.part)
            } catch {
                found.status.note(damaged: name(file, of: found), "\(error)", beside: path)
            }
            found.status.opened += 1
        }
    }

    /// A file as lists name it: below the part's place, or the place itself.
    private func name(_ file: String, of found: Found) -> String {
        file.isEmpty ? found.files.place ?? file : file
    }

    /// How an annotation's counts differ from the published ones.
    private func differences(_ contents: PartContents, of part: Manifest.Part) -> [String] {
        (manifest.subsets ?? []).flatMap { subset -> [String] in
            guard subsets.isEmpty || subsets.contains(subset.name) else { return [] }
            let isOwn = part.subset == subset.name
            guard
                let counts = contents.counts[subset.name] ?? (isOwn ? contents.counts[nil] : nil)
            else {
                // A file of all subsets that lacks one.
                guard part.subset == nil, !contents.counts.isEmpty else { return [] }
                let known = contents.counts.keys.map { $0 ?? "none" }.sorted()
                return [
                    "\(part.name): no subset \(subset.name) in it, but "
                        + known.joined(separator: ", ")
                ]
            }
            let odd = Manifest.countNames.compactMap { name -> String? in
                guard let there = counts[name], let published = subset.counts[name],
                    there != published
                else { return nil }
                return "\(name) \(there), published \(published)"
            }
            return odd.isEmpty
                ? [] : ["\(part.name), \(subset.name): \(odd.joined(separator: "; "))"]
        }
    }

    /// Compares the files of a part with what must be there.
    private func count(_ found: inout Found, among all: [Found]) {
        let part = found.part
        guard found.files.place != nil else { return }
        if part.files == nil {
            found.status.expected = 1
            found.status.found = 1
            if found.status.opened == 0 { found.toOpen = [""] }
            return
        }
        let published = part.count.flatMap { count in
            manifest.subsets?.first { $0.name == part.subset }?.counts[count]
        }
        var files = found.files.files, others = found.files.others
        if let list = names(for: part, among: all) {
            let match = ListedFiles(list.names, files, isExact: list.isExact)
            found.status.expected = list.names.count
            found.status.list(missing: match.missing)
            found.status.notes += match.notes.map { "\(part.name): \($0)" }
            (files, others) = (match.files, (others + match.others).sorted())
            found.status.found = match.files.count
        } else {
            let isOne = part.files.map { !$0.contains("*") } ?? true
            found.status.expected = published ?? (isOne ? 1 : nil)
            found.status.found = files.count
            found.status.missing = max(0, (published ?? 0) - files.count)
            if let published, files.count > published {
                found.status.notes.append(
                    "\(part.name): \(files.count - published) more than the \(published) published")
            }
        }
        found.others = others
        found.claimed = files
        if found.status.opened == 0 { found.toOpen = drawn(files) }
    }

    /// Files that belong to no part of those that share their place.
    private func countOthers(of found: inout [Found]) {
        for index in found.indices {
            let sharing = found.filter { $0.files.place == found[index].files.place }
            let claimed = Set(sharing.flatMap(\.claimed))
            found[index].status.list(others: found[index].others.filter { !claimed.contains($0) })
        }
    }

    /// What the part that lists another one's files has in it.
    private func names(
        for part: Manifest.Part, among all: [Found]
    ) -> (names: [String], isExact: Bool)? {
        guard let list = all.first(where: { $0.part.name == part.listedBy }),
            list.files.place != nil
        else { return nil }
        if let contents = list.contents {
            let names =
                part.subset.flatMap { contents.names[$0] } ?? contents.names[nil]
                ?? (part.subset == nil ? contents.names.values.flatMap { $0 } : nil)
            return names.map { ($0, contents.isExact) }
        }
        // A folder of annotation files, one of each name.
        guard list.part.files != nil else { return nil }
        return (list.files.files.map(PartFiles.stem), false)
    }

    /// The files to open: all, or a sample drawn evenly.
    private func drawn(_ files: [String]) -> [String] {
        guard let sample, sample < files.count else { return files }
        return (0..<sample).map { files[$0 * files.count / sample] }
    }

    private func open(_ file: String, of found: inout Found) {
        let path = path(file, of: found)
        found.status.opened += 1
        do {
            if let reader = reader(of: found.part.kind) {
                try reader.open(path, as: found.part.kind)
            } else if FileSystem.size(of: path) == 0 {
                throw InputError("an empty file")
            }
        } catch {
            found.status.note(damaged: name(file, of: found), "\(error)", beside: path)
        }
    }

    /// The commands that train by a recipe, with the places that were found.
    private func line(_ training: Manifest.Training, _ found: [Found]) -> TrainingLine {
        let byName = Dictionary(found.map { ($0.part.name, $0) }, uniquingKeysWith: { $1 })
        let lacks = training.parts.filter { byName[$0]?.files.place == nil }
        let settings = training.keys.sorted { $0.key < $1.key }.map { key, parts -> String in
            var seen: Set<String> = []
            let places = parts.compactMap { byName[$0].map { path("", of: $0) } }
                .filter { seen.insert($0).inserted }
            return key + "="
                + (places.count == 1 ? places[0] : "[\(places.joined(separator: ", "))]")
        }
        return TrainingLine(
            recipe: training.recipe, needs: training.parts, lacks: lacks,
            commands: training.commands.map { command in
                (["dr2net \(command) \(training.recipe)"]
                    + (settings + (training.settings ?? [])).map {
                        "--set \(ShellWord.quoted($0))"
                    }).joined(separator: " ")
            })
    }
}
