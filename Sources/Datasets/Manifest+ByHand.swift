// SPDX-License-Identifier: Apache-2.0

/// What a manifest says of a data set that its authors give out themselves.
extension Manifest {
    /// Whether the files are fetched by the user and only checked here.
    package var isByHand: Bool { sources.contains { $0.kind == .manual } }

    /// What to do where such a set is to be fetched.
    var byHandRemedy: String {
        "\(name) is fetched by hand: `dr2net data show \(name)` says from whom, and "
            + "`dr2net data verify \(name) --in DIR` looks through what you have"
    }

    /// A subset with its published numbers.
    package struct Subset: Sendable, Equatable, Codable {
        /// What the field calls it, such as "validation".
        package let name: String
        /// How many there are, by `Manifest.countNames`.
        package let counts: [String: Int]
        /// Where the numbers come from.
        package let source: String

        enum CodingKeys: String, CodingKey, CaseIterable { case name, counts, source }
    }

    /// What can be counted, in the order in which it is shown.
    static let countNames = [
        "videos", "images", "rooms", "scans", "models", "segments", "boxes", "classes",
    ]

    /// Files of one kind that lie together.
    package struct Part: Sendable, Equatable, Codable {
        /// What people call it, unique in the manifest.
        package let name: String
        /// What its files are.
        package let kind: PartKind
        /// The subset that it belongs to; nil for what all share.
        package let subset: String?
        /// Where it may lie below the set's folder, the usual place first; "." is that folder.
        package let at: [String]
        /// Paths below that place, `*` for any letters of a name; nil where `at` names the file itself.
        package let files: String?
        /// Which of the subset's counts says how many there are.
        package let count: String?
        /// The part whose contents, or whose files' names, list what must be there.
        package let listedBy: String?
        /// What to do where it is missing.
        package let hint: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, kind, subset, at, files, count
            case listedBy = "listed-by"
            case hint
        }
    }

    /// What a part's files hold, and so which reader opens them.
    package enum PartKind: String, Sendable, Codable, CaseIterable {
        /// Films.
        case video
        /// Arrays `[T, D]` of precomputed features, a `.npy` a video.
        case features
        /// Annotated segments: ActivityNet JSON, tables, or THUMOS14's text files.
        case segments
        /// Pictures.
        case image
        /// Annotated boxes: one COCO JSON file.
        case coco
        /// Annotated boxes: VisDrone's text files, one a picture.
        case visDrone = "visdrone"
        /// Rooms of S3DIS, a folder each.
        case room
        /// Surfaces of triangles: OFF or OBJ.
        case mesh
        /// Arrays of numbers: `.npy`.
        case array
        /// Files that are read as they are, such as class scores.
        case other
    }

    /// A recipe that trains on the set.
    package struct Training: Sendable, Equatable, Codable {
        /// The recipe's path in the project.
        package let recipe: String
        /// Commands that take it, in order, such as "tad train".
        package let commands: [String]
        /// Recipe keys and the parts whose places they name.
        package let keys: [String: [String]]
        /// Further keys that the set needs, `key=value`.
        package let settings: [String]?

        enum CodingKeys: String, CodingKey, CaseIterable { case recipe, commands, keys, settings }

        /// All parts that it needs, in order of the keys.
        package var parts: [String] { keys.sorted { $0.key < $1.key }.flatMap(\.value) }
    }
}

extension Manifest.Subset {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        counts = try values.decode([String: Int].self, forKey: .counts)
        source = try values.decode(String.self, forKey: .source)
    }
}

extension Manifest.Part {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        kind = try values.decode(Manifest.PartKind.self, forKey: .kind)
        subset = try values.decodeIfPresent(String.self, forKey: .subset)
        at = try values.decode([String].self, forKey: .at)
        files = try values.decodeIfPresent(String.self, forKey: .files)
        count = try values.decodeIfPresent(String.self, forKey: .count)
        listedBy = try values.decodeIfPresent(String.self, forKey: .listedBy)
        hint = try values.decodeIfPresent(String.self, forKey: .hint)
    }
}

extension Manifest.Training {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        recipe = try values.decode(String.self, forKey: .recipe)
        commands = try values.decode([String].self, forKey: .commands)
        keys = try values.decode([String: [String]].self, forKey: .keys)
        settings = try values.decodeIfPresent([String].self, forKey: .settings)
    }
}
