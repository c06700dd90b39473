// SPDX-License-Identifier: Apache-2.0
package import Files

/// What a fetch is doing, for a progress line.
package enum FetchEvent: Sendable, Equatable {
    /// A file of the dataset is there but wrong, and will be replaced.
    case replacing(FileStatus)
    /// The client starts to bring an archive of that many bytes.
    case downloading(archive: String, bytes: Int, client: String)
    /// A verified archive of an interrupted fetch is used again.
    case reusing(archive: String)
    case unpacking(path: String, bytes: Int)
    /// A verified file is in place under its final name.
    case ready(path: String)

    /// The event as a line for people.
    package var description: String {
        switch self {
        case .replacing(let status): "replacing \(status.description)"
        case .downloading(let archive, let bytes, let client):
            "downloading \(archive) (\(ByteCount.text(bytes))) by \(client)"
        case .reusing(let archive): "using the archive that is already here: \(archive)"
        case .unpacking(let path, let bytes): "unpacking \(path) (\(ByteCount.text(bytes)))"
        case .ready(let path): "ready: \(path)"
        }
    }
}

/// The result of `dr2net data fetch`.
package struct FetchResult: Sendable, Equatable, Codable {
    /// The data set's name.
    package let dataset: String
    /// Where it lies.
    package let folder: String
    /// Files that this call put in place; empty when all were there.
    package let fetched: [String]
    /// Bytes that came over the network in this call.
    package let downloadedBytes: Int
    /// Its licence.
    package let licence: String
    /// Whom to name as its makers.
    package let attribution: String

    /// What was fetched, for people.
    package func describe() -> String {
        let work =
            fetched.isEmpty
            ? "\(dataset): complete, nothing to fetch"
            : "\(dataset): \(fetched.count) files fetched (\(ByteCount.text(downloadedBytes)) "
                + "downloaded)"
        return "\(work), in \(folder)\nlicence: \(licence)\n\(attribution)"
    }
}

extension DataCache {
    /// Brings every file of a dataset that is missing or wrong, and nothing else.
    ///
    /// Archives and files appear under their final names only after their SHA-256 was checked, by
    /// rename. An interrupted call leaves `.staging/<name>`, from which the next one takes the
    /// verified archive and removes the rest. One process at a time fetches a dataset.
    ///
    /// - Parameters:
    ///   - catalog: where the files of `project` sources lie.
    ///   - report: told each step as it begins.
    /// - Throws: `InputError`, one line; files already in place stay.
    package func fetch(
        _ manifest: Manifest, from catalog: ManifestCatalog,
        report: (FetchEvent) -> Void = { _ in }
    ) throws(InputError) -> FetchResult {
        // Without a lock first: a complete dataset may lie in a folder that cannot be written.
        if try verify(manifest).isComplete { return result(manifest, [], 0) }
        let staging = Staging(folder: "\(root)/.staging/\(manifest.name)")
        try FileSystem.makeFolder(staging.folder)
        let lock = try FolderLock(folder: staging.folder)
        defer { withExtendedLifetime(lock) {} }
        staging.removeAttempts()

        // Again, now that nobody else writes: another fetch may have ended in between.
        let verification = try verify(manifest)
        let wanted = Set(verification.files.filter { $0.state != .ok }.map(\.path))
        for status in verification.files where status.state != .ok && status.state != .missing {
            report(.replacing(status))
        }
        try checkSpace(for: manifest, wanted: wanted, staging: staging)
        try FileSystem.makeFolder(staging.attempt)
        defer { FileSystem.remove(staging.attempt) }
        var fetched: [String] = []
        var downloaded = 0
        for source in manifest.sources {
            let files = source.files.filter { wanted.contains($0.path) }
            if files.isEmpty { continue }
            var archive: String?
            if let expected = source.archive {
                archive = try self.archive(
                    expected, of: source, in: staging, downloaded: &downloaded, report: report)
            }
            for file in files {
                report(.unpacking(path: file.path, bytes: file.bytes))
                let copy = try unpack(
                    file, from: archive, of: manifest, in: staging, catalog: catalog)
                let place = path(of: file.path, in: manifest.name)
                try FileSystem.makeFolder(FileSystem.folder(of: place))
                try FileSystem.move(copy, to: place)
                fetched.append(file.path)
                report(.ready(path: place))
            }
        }
        staging.removeArchives()
        return result(manifest, fetched, downloaded)
    }

    private func result(_ manifest: Manifest, _ files: [String], _ bytes: Int) -> FetchResult {
        FetchResult(
            dataset: manifest.name, folder: folder(of: manifest.name), fetched: files,
            downloadedBytes: bytes, licence: manifest.licence, attribution: manifest.attribution)
    }

    /// The verified archive of a source: the one in the staging folder, or a new one.
    private func archive(
        _ expected: Manifest.Archive, of source: Manifest.Source, in staging: Staging,
        downloaded: inout Int, report: (FetchEvent) -> Void
    ) throws(InputError) -> String {
        let place = "\(staging.archives)/\(expected.name)"
        if try mismatch(of: place, bytes: expected.bytes, sha256: expected.sha256) == nil {
            report(.reusing(archive: expected.name))
            return place
        }
        report(
            .downloading(
                archive: expected.name, bytes: expected.bytes, client: source.kind.client))
        let folder = "\(staging.attempt)/download"
        FileSystem.remove(folder)
        try FileSystem.makeFolder(folder)
        let path = try PackageClient(runner: runner).download(source, into: folder)
        if let mismatch = try mismatch(of: path, bytes: expected.bytes, sha256: expected.sha256) {
            throw InputError(
                "\(expected.name): "
                    + mismatch.words(bytes: expected.bytes, sha256: expected.sha256)
                    + "; \(source.kind.client) brought another file than the manifest pins: "
                    + "check its mirror settings, then fetch again")
        }
        try FileSystem.makeFolder(staging.archives)
        try FileSystem.move(path, to: place)
        downloaded += expected.bytes
        return place
    }

    /// A verified copy of one file in the staging folder.
    private func unpack(
        _ file: Manifest.File, from archive: String?, of manifest: Manifest, in staging: Staging,
        catalog: ManifestCatalog
    ) throws(InputError) -> String {
        let folder = "\(staging.attempt)/unpack"
        FileSystem.remove(folder)
        try FileSystem.makeFolder(folder)
        var current = archive ?? ""
        for (depth, member) in file.members.enumerated() {
            // The ending decides how the next step reads it.
            let output = "\(folder)/\(depth)-\(FileSystem.name(of: member))"
            if archive == nil {
                let original = catalog.projectFile(member, of: manifest.name)
                let copy = try runner.run(Command("cat", [], input: original, output: output))
                guard copy.status == 0 else {
                    throw InputError("\(original): cannot be copied: \(copy.reason)")
                }
            } else if let step = UnpackStep(archive: current) {
                try step.unpack(
                    member, of: current, to: output, scratch: "\(folder)/scratch.tar", by: runner)
            }
            current = output
        }
        if let mismatch = try mismatch(of: current, bytes: file.bytes, sha256: file.sha256) {
            let origin = archive.map(FileSystem.name(of:)) ?? "\(catalog.folder)/\(manifest.name)"
            throw InputError(
                "\(file.path) from \(origin): "
                    + mismatch.words(bytes: file.bytes, sha256: file.sha256)
                    + "; \(catalog.folder)/\(manifest.name).yaml does not describe this file")
        }
        return current
    }

    /// Refuses to begin what cannot fit: the archives still to come, each wanted file, and room
    /// for the archives inside archives.
    private func checkSpace(
        for manifest: Manifest, wanted: Set<String>, staging: Staging
    ) throws(InputError) {
        var needed = 0
        for source in manifest.sources {
            let files = source.files.filter { wanted.contains($0.path) }
            if files.isEmpty { continue }
            needed += files.reduce(0) { $0 + $1.bytes }
            guard let archive = source.archive else { continue }
            let isHere = FileSystem.size(of: "\(staging.archives)/\(archive.name)") != nil
            needed += isHere ? 0 : archive.bytes
            needed += files.contains { $0.members.count > 1 } ? archive.bytes : 0
        }
        guard let free = FileSystem.freeBytes(at: staging.folder), free < needed else { return }
        throw InputError(
            "\(manifest.name) needs \(ByteCount.text(needed)) in \(root), which has "
                + "\(ByteCount.text(free)) left; free space or choose another folder")
    }
}

extension FileMismatch {
    /// Found and expected, for a message.
    func words(bytes: Int, sha256: String) -> String {
        switch self {
        case .missing: "not there"
        case .size(let size): "wrong size: found \(size) bytes, expected \(bytes)"
        case .hash(let hash): "wrong SHA-256: found \(hash), expected \(sha256)"
        }
    }
}
