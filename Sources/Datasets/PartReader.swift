// SPDX-License-Identifier: Apache-2.0

/// Opens files of a data set: what a task knows of its formats.
package protocol PartReader: Sendable {
    /// The kinds of files that it opens.
    var kinds: Set<Manifest.PartKind> { get }

    /// Endings of a kind's files in small letters; nil for any.
    func endings(of kind: Manifest.PartKind) -> Set<String>?

    /// Opens a file, or the folder that a room is.
    ///
    /// - Throws: One line that says what is wrong with it.
    func open(_ path: String, as kind: Manifest.PartKind) throws

    /// Whether files of a kind list others, or say how many there are: then they are read whole.
    func lists(_ kind: Manifest.PartKind) -> Bool

    /// What an annotation, or an array, lists; for kinds that list.
    ///
    /// - Throws: One line that says what is wrong with it.
    func contents(of path: String, as kind: Manifest.PartKind) throws -> PartContents
}

/// What an annotation, or an array, lists.
package struct PartContents: Sendable, Equatable {
    /// Names by subset; under nil those that a file without subsets lists.
    package var names: [String?: [String]]
    /// Counts by subset, by `Manifest.countNames`; under nil those of a file without subsets.
    package var counts: [String?: [String: Int]]
    /// Whether names are those of files, endings included; else any ending will do.
    package var isExact: Bool

    /// Contents.
    package init(
        names: [String?: [String]] = [:], counts: [String?: [String: Int]] = [:],
        isExact: Bool = false
    ) {
        self.names = names
        self.counts = counts
        self.isExact = isExact
    }
}
