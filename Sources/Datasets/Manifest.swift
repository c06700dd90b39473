// SPDX-License-Identifier: Apache-2.0

/// One dataset: what it is, where its files come from, and how to know that they are the right
/// ones.
///
/// Read from `data-manifests/<name>.yaml`; see `ManifestCatalog`.
package struct Manifest: Sendable, Equatable, Codable {
    /// The name on the command line: lower-case letters, digits and hyphens.
    package let name: String
    /// What the data set is, in a few words.
    package let title: String
    /// What the data is, in one or two sentences.
    package let summary: String
    /// The licence of the whole.
    package let licence: String
    /// The words that name the authors, as the licence asks.
    package let attribution: String
    /// Where the files come from.
    package let sources: [Source]
    /// How the files lie in the dataset's folder and how to read them.
    package let layout: String
    /// Parts for training and evaluation.
    package let splits: [Split]
    /// What a user should know.
    package let notes: [String]
    /// What a user should mind.
    package let cautions: [String]
    /// Published numbers by subset, of a set that is fetched by hand.
    package let subsets: [Subset]?
    /// The files of such a set.
    package let parts: [Part]?
    /// The recipes that train on it.
    package let training: [Training]?

    /// All files of all sources, in the manifest's order.
    package var files: [File] { sources.flatMap(\.files) }

    /// Sum of the files' sizes, in bytes.
    package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    /// The split of that name.
    package func split(_ name: String) -> Split? { splits.first { $0.name == name } }
}

extension Manifest {
    /// One archive of a package registry, or the project itself, and the files wanted from it.
    package struct Source: Sendable, Equatable, Codable {
        /// How the files are fetched.
        package let kind: Kind
        /// The package's name; none for `project`.
        package let packageName: String?
        /// The exact version; none for `project`.
        package let version: String?
        /// What the client delivers; none for `project`.
        package let archive: Archive?
        /// The files it gives.
        package let files: [File]
        /// What to get, and from whom, for `manual`.
        package let what: String?
        /// The page that gives it out, for `manual`.
        package let home: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case kind
            case packageName = "package"
            case version, archive, files, what, home
        }
    }

    /// Which ordinary client brings a source.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A source archive of the Python index, by pip.
        case pipSdist = "pip-sdist"
        /// A wheel of the Python index, by pip.
        case pipWheel = "pip-wheel"
        /// The upstream archive of a Debian source package, by apt-get.
        case aptSource = "apt-source"
        /// A Debian binary package, by apt-get.
        case aptDeb = "apt-deb"
        /// Files of this project, beside the manifest in the folder of the dataset's name.
        case project
        /// None: the user gets the files from those who give them out.
        case manual
    }

    /// The archive that a client delivers.
    package struct Archive: Sendable, Equatable, Codable {
        /// File name, without a folder.
        package let name: String
        /// Size in bytes.
        package let bytes: Int
        /// 64 lower-case hexadecimal digits.
        package let sha256: String

        enum CodingKeys: String, CodingKey, CaseIterable { case name, bytes, sha256 }
    }

    /// One file of the dataset.
    package struct File: Sendable, Equatable, Codable {
        /// Where it lies, relative to the dataset's folder.
        package let path: String
        /// Where it comes from: the path in the archive, then for each archive inside an archive
        /// the path in that one.
        package let members: [String]
        /// Size in bytes.
        package let bytes: Int
        /// 64 lower-case hexadecimal digits.
        package let sha256: String
        /// The file's own licence, where it differs from the dataset's.
        package let licence: String?
        /// What the file is for; nil where the data set says it.
        package let use: String?
        /// What to mind about the file.
        package let caution: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case path, members, bytes, sha256, licence, use, caution
        }
    }

    /// A named part of the data.
    package struct Split: Sendable, Equatable, Codable {
        /// The split's name.
        package let name: String
        /// Files or database entries that belong to it.
        package let items: [String]
        /// Number of annotated segments, where the data has segments.
        package let segments: Int?
        /// Length of all items together, in seconds.
        package let seconds: Double?
        /// Annotations per class.
        package let classes: [String: Int]?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, items, segments, seconds, classes
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, title, summary, licence, attribution, sources, layout, splits, notes, cautions
        case subsets, parts, training
    }
}
