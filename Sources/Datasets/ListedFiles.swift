// SPDX-License-Identifier: Apache-2.0

/// Listed names beside the files of a folder.
struct ListedFiles {
    /// Files that are listed, sorted.
    var files: [String] = []
    /// Files that are not.
    var others: [String] = []
    /// Names without a file, sorted.
    var missing: [String] = []
    var notes: [String] = []

    /// Compares.
    ///
    /// - Parameter isExact: Whether names are those of files; else a file of any ending will do.
    init(_ names: [String], _ found: [String], isExact: Bool) {
        var left = Set(found)
        let byStem = Dictionary(grouping: found, by: PartFiles.stem)
        var spelledOtherwise: [String] = []
        for name in names.sorted() {
            if isExact {
                if left.remove(name) != nil {
                    files.append(name)
                } else {
                    missing.append(name)
                    if let other = byStem[PartFiles.stem(name)]?.first {
                        spelledOtherwise.append("\(name): there is \(other)")
                    }
                }
                continue
            }
            // ActivityNet's films and features are called v_ID.
            let there = [name, "v_\(name)", PartFiles.stem(name)].lazy.compactMap { byStem[$0] }
                .first
            if let file = there?.first(where: { left.contains($0) }) ?? there?.first {
                left.remove(file)
                files.append(file)
            } else {
                missing.append(name)
            }
        }
        others = left.sorted()
        if let first = spelledOtherwise.first {
            notes.append(
                "\(spelledOtherwise.count) of the missing are here under another name (\(first)); "
                    + "rename such files")
        }
    }
}
