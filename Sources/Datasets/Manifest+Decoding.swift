// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// A key that the format does not have: thrown while decoding, worded by `ManifestReader`.
struct UnknownKey: Error {
    let path: [any CodingKey]
    let key: String
    let known: [String]
}

extension Decoder {
    /// The keyed container of this value, after refusing every key that `keys` does not name.
    func strictContainer<Key: CodingKey & CaseIterable>(
        keyedBy keys: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        let known = Key.allCases.map(\.stringValue)
        // In order of their names, so that of several unknown keys always the same one is named.
        let found = try container(keyedBy: NamedKey.self).allKeys.map(\.stringValue).sorted()
        if let key = found.first(where: { !known.contains($0) }) {
            throw UnknownKey(path: codingPath, key: key, known: known)
        }
        return try container(keyedBy: keys)
    }
}

extension Manifest {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        title = try values.decode(String.self, forKey: .title)
        summary = try values.decode(String.self, forKey: .summary)
        licence = try values.decode(String.self, forKey: .licence)
        attribution = try values.decode(String.self, forKey: .attribution)
        sources = try values.decode([Source].self, forKey: .sources)
        layout = try values.decode(String.self, forKey: .layout)
        splits = try values.decode([Split].self, forKey: .splits)
        notes = try values.decode([String].self, forKey: .notes)
        cautions = try values.decode([String].self, forKey: .cautions)
        subsets = try values.decodeIfPresent([Subset].self, forKey: .subsets)
        parts = try values.decodeIfPresent([Part].self, forKey: .parts)
        training = try values.decodeIfPresent([Training].self, forKey: .training)
    }
}

extension Manifest.Source {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        kind = try values.decode(Manifest.Kind.self, forKey: .kind)
        packageName = try values.decodeIfPresent(String.self, forKey: .packageName)
        version = try values.decodeIfPresent(String.self, forKey: .version)
        archive = try values.decodeIfPresent(Manifest.Archive.self, forKey: .archive)
        files = try values.decode([Manifest.File].self, forKey: .files)
        what = try values.decodeIfPresent(String.self, forKey: .what)
        home = try values.decodeIfPresent(String.self, forKey: .home)
    }
}

extension Manifest.Archive {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        bytes = try values.decode(Int.self, forKey: .bytes)
        sha256 = try values.decode(String.self, forKey: .sha256)
    }
}

extension Manifest.File {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        path = try values.decode(String.self, forKey: .path)
        members = try values.decode([String].self, forKey: .members)
        bytes = try values.decode(Int.self, forKey: .bytes)
        sha256 = try values.decode(String.self, forKey: .sha256)
        licence = try values.decodeIfPresent(String.self, forKey: .licence)
        use = try values.decodeIfPresent(String.self, forKey: .use)
        caution = try values.decodeIfPresent(String.self, forKey: .caution)
    }
}

extension Manifest.Split {
    /// Reads the keys, refusing unknown ones.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        items = try values.decode([String].self, forKey: .items)
        segments = try values.decodeIfPresent(Int.self, forKey: .segments)
        seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
        classes = try values.decodeIfPresent([String: Int].self, forKey: .classes)
    }
}
