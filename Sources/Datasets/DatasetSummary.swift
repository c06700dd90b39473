// SPDX-License-Identifier: Apache-2.0
import Console
package import Files

/// One line of `dr2net data list`, as plain values for printing and JSON.
package struct DatasetSummary: Sendable, Equatable, Codable {
    /// How much of a data set is there.
    package enum State: String, Sendable, Codable {
        /// Every file is there with the right size (`verify` also checks the hashes).
        case present
        case partial
        case absent
    }

    /// The data set's name.
    package let name: String
    /// What it is.
    package let title: String
    /// Its licence.
    package let licence: String
    /// Number of its files.
    package let files: Int
    /// Bytes of its files.
    package let bytes: Int
    /// How much of it is there.
    package let state: State
    /// Where it lies.
    package let folder: String
    /// Whether the user gets the files; then `present` says that the folder has any.
    package let isByHand: Bool

    /// The summary of one dataset in a cache; quick, nothing is hashed.
    package init(_ manifest: Manifest, in cache: DataCache) {
        name = manifest.name
        title = manifest.title
        licence = manifest.licence
        files = manifest.files.count
        bytes = manifest.bytes
        folder = cache.folder(of: manifest.name)
        isByHand = manifest.isByHand
        guard !isByHand else {
            state = FileSystem.names(in: folder).isEmpty ? .absent : .present
            return
        }
        let present = manifest.files.count { cache.cached($0.path, of: manifest) != nil }
        state = present == files ? .present : present == 0 ? .absent : .partial
    }

    /// The summaries as two aligned tables: what `data fetch` brings, and what is fetched by hand.
    package static func table(_ summaries: [DatasetSummary]) -> String {
        let fetched = summaries.filter { !$0.isByHand }, others = summaries.filter(\.isByHand)
        var lines = TextTable.lines(
            fetched.map { [$0.name, $0.state.rawValue, ByteCount.text($0.bytes), $0.title] })
        if !others.isEmpty {
            lines += ["", "fetched by hand (`dr2net data show NAME` says from whom):"]
            lines += TextTable.lines(others.map { [$0.name, $0.state.rawValue, $0.title] })
        }
        return lines.joined(separator: "\n")
    }
}

extension DataCache {
    /// All datasets of a catalogue with their state in this cache.
    package func summaries(of catalog: ManifestCatalog) throws(InputError) -> [DatasetSummary] {
        try catalog.manifests().map { DatasetSummary($0, in: self) }
    }
}

/// Sizes for people.
enum ByteCount {
    /// Decimal units, as package clients print them: `58.4 MB`.
    static func text(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["B", "kB", "MB"] {
            if value < 999.95 {
                let tenths = Int((value * 10).rounded())
                return unit == "B" ? "\(bytes) B" : "\(tenths / 10).\(tenths % 10) \(unit)"
            }
            value /= 1000
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) GB"
    }
}

extension Manifest {
    /// The whole manifest for people: `dr2net data show`.
    package func describe() -> String {
        if isByHand { return describeByHand() }
        var lines = ["\(name): \(title)", summary, "", "licence: \(licence)", attribution, ""]
        for source in sources {
            if let package = source.packageName, let version = source.version,
                let archive = source.archive
            {
                lines.append("from \(source.kind.rawValue) \(package) \(version):")
                lines.append("  archive \(archive.name), \(archive.bytes) bytes")
                lines.append("  sha256 \(archive.sha256)")
            } else {
                lines.append("from this project:")
            }
            for file in source.files {
                lines.append(
                    "  \(file.path), \(file.bytes) bytes" + (file.use.map { ": \($0)" } ?? ""))
                lines.append("    sha256 \(file.sha256)")
                if let licence = file.licence { lines.append("    licence: \(licence)") }
                if let caution = file.caution { lines.append("    caution: \(caution)") }
            }
        }
        lines += ["", "layout: \(layout)"]
        for split in splits {
            var facts = ["\(split.items.count) items"]
            if let segments = split.segments { facts.append("\(segments) segments") }
            if let seconds = split.seconds { facts.append("\(seconds) s") }
            lines.append("split \(split.name): \(facts.joined(separator: ", "))")
            lines.append("  \(split.items.joined(separator: " "))")
        }
        lines += notes.map { "note: \($0)" } + cautions.map { "caution: \($0)" }
        return lines.joined(separator: "\n")
    }
}
