// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Datasets
import Files
import Foundation
import Synchronization
import Testing

/// A dataset of three small files: one in a tar.gz, one in a zip inside it, one of the project.
struct Sample {
    let folder: TemporaryFolder
    let catalog: ManifestCatalog
    let manifest: Manifest
    /// What the client would bring.
    let archive: String

    init(in folder: TemporaryFolder, changing edit: (String) -> String = { $0 }) throws {
        self.folder = folder
        try folder.write("one\n", to: "make/pack-1.0/one.txt")
        try folder.write("two\n", to: "make/inner/[two].txt")
        let note = try folder.write("note\n", to: "manifests/sample/note.txt")
        let make = "\(folder.path)/make"
        try shell(
            "python3", ["-m", "zipfile", "-c", "../pack-1.0/inner.zip", "[two].txt"],
            in: "\(make)/inner")
        archive = "\(folder.path)/pack-1.0.tar.gz"
        try shell("tar", ["-C", make, "-czf", archive, "pack-1.0"])
        let text = """
            name: sample
            title: Sample
            summary: Three files
            licence: CC0
            attribution: Nobody
            sources:
              - kind: pip-sdist
                package: pack
                version: 1.0
                archive:
                  name: pack-1.0.tar.gz
                  bytes: \(try size(archive))
                  sha256: \(try sha256(archive))
                files:
                  - path: one.txt
                    members: [pack-1.0/one.txt]
                    bytes: 4
                    sha256: \(try sha256("\(make)/pack-1.0/one.txt"))
                  - path: deep/two.txt
                    members: [pack-1.0/inner.zip, "[two].txt"]
                    bytes: 4
                    sha256: \(try sha256("\(make)/inner/[two].txt"))
              - kind: project
                files:
                  - path: note.txt
                    members: [note.txt]
                    bytes: 5
                    sha256: \(try sha256(note))
            layout: three files
            splits: []
            notes: []
            cautions: []
            """
        try folder.write(edit(text), to: "manifests/sample.yaml")
        catalog = ManifestCatalog(folder: "\(folder.path)/manifests")
        manifest = try catalog.manifest(named: "sample")
    }

    /// A client that brings the archive.
    func client(missing: Set<String> = []) -> FakeClient {
        let archive = archive
        return FakeClient(missing: missing) { _, folder in
            try FileManager.default.copyItem(
                atPath: archive, toPath: "\(folder)/pack-1.0.tar.gz")
            return CommandResult(status: 0)
        }
    }

    func cache(_ client: FakeClient) -> DataCache {
        DataCache(folder: "\(folder.path)/data", runner: client)
    }

    /// Files below the data folder that are not staging.
    var final: [String] { folder.files(in: "data").filter { !$0.hasPrefix(".staging/") } }
    var staged: [String] {
        folder.files(in: "data").filter {
            $0.hasPrefix(".staging/") && !$0.hasSuffix("/.lock")
        }
    }
}

@Suite("Fetching") struct DatasetFetchTests {
    static let all = ["sample/deep/two.txt", "sample/note.txt", "sample/one.txt"]

    @Test func bringsEveryFileAndLeavesNothingElse() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = sample.client()
        let cache = sample.cache(client)
        let result = try cache.fetch(sample.manifest, from: sample.catalog)
        #expect(result.fetched == ["one.txt", "deep/two.txt", "note.txt"])
        #expect(result.downloadedBytes == sample.manifest.sources[0].archive?.bytes)
        #expect(sample.final == Self.all)
        #expect(sample.staged.isEmpty)
        #expect(try cache.verify(sample.manifest).isComplete)
        let command = try #require(client.commands.first)
        #expect(command.executable == "pip")
        #expect(command.arguments.first == "download")
        #expect(command.arguments.last == "pack==1.0")
        #expect(command.arguments.contains("--no-deps"))
    }

    @Test func aSecondFetchDoesNothing() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = sample.client()
        let cache = sample.cache(client)
        _ = try cache.fetch(sample.manifest, from: sample.catalog)
        var events: [FetchEvent] = []
        let again = try cache.fetch(sample.manifest, from: sample.catalog) { events.append($0) }
        #expect(again.fetched.isEmpty)
        #expect(again.downloadedBytes == 0)
        #expect(events.isEmpty)
        #expect(client.commands.count == 1)
    }

    @Test func onlyWhatIsMissingOrWrongIsReplaced() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = sample.client()
        let cache = sample.cache(client)
        _ = try cache.fetch(sample.manifest, from: sample.catalog)
        try sample.folder.write("nota\n", to: "data/sample/note.txt")
        var events: [FetchEvent] = []
        let again = try cache.fetch(sample.manifest, from: sample.catalog) { events.append($0) }
        #expect(again.fetched == ["note.txt"])
        #expect(client.commands.count == 1, "the archive was not needed")
        #expect(events.first?.description.contains("replacing note.txt: wrong SHA-256") == true)
        #expect(try cache.verify(sample.manifest).isComplete)
    }

    @Test func pythonsModuleStandsInForPip() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = sample.client(missing: ["pip"])
        _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog)
        #expect(client.commands.first?.executable == "python3")
        #expect(client.commands.first?.arguments.prefix(3) == ["-m", "pip", "download"])
        let none = try Sample(in: TemporaryFolder())
        let bare = none.client(missing: ["pip", "python3"])
        let error = try #require(
            error { _ = try none.cache(bare).fetch(none.manifest, from: none.catalog) })
        #expect(error.description.contains("neither pip nor python3 is installed"))
    }

    @Test(arguments: [
        ("short", "wrong size: found 5 bytes"), ("same size", "wrong SHA-256: found"),
    ])
    func anArchiveThatIsNotThePinnedOneIsRefused(what: String, expected: String) throws {
        let sample = try Sample(in: TemporaryFolder())
        let bytes = try #require(sample.manifest.sources[0].archive?.bytes)
        let text = what == "short" ? "short" : String(repeating: "x", count: bytes)
        let client = FakeClient { _, folder in
            try text.write(
                toFile: "\(folder)/pack-1.0.tar.gz", atomically: true, encoding: .utf8)
            return CommandResult(status: 0)
        }
        let error = try #require(
            error { _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog) })
        #expect(error.description.contains("pack-1.0.tar.gz: \(expected)"), "\(error)")
        #expect(sample.final.isEmpty)
        #expect(sample.staged.isEmpty)
    }

    @Test func aFailingClientsReasonIsShownOnOneLine() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = FakeClient { _, folder in
            try "part".write(
                toFile: "\(folder)/pack-1.0.tar.gz.part", atomically: true, encoding: .utf8)
            return CommandResult(
                status: 1,
                errorOutput: "WARNING: slow\nERROR: No matching distribution for pack\nnotice\n")
        }
        let error = try #require(
            error { _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog) })
        #expect(
            error.description.hasPrefix(
                "pip could not download pack 1.0 (exit 1): "
                    + "ERROR: No matching distribution for pack; check the network"))
        #expect(sample.final.isEmpty)
        #expect(sample.staged.isEmpty)
    }

    @Test func anotherFileThanTheArchiveIsNamed() throws {
        let sample = try Sample(in: TemporaryFolder())
        let client = FakeClient { _, folder in
            try "x".write(toFile: "\(folder)/pack-1.0.zip", atomically: true, encoding: .utf8)
            return CommandResult(status: 0)
        }
        let error = try #require(
            error { _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog) })
        #expect(error.description.contains("brought pack-1.0.zip, expected pack-1.0.tar.gz"))
    }

    /// As Ctrl-C leaves it: a part of a download and a part of a file, under no final name.
    @Test func anInterruptedAttemptIsClearedAway() throws {
        let sample = try Sample(in: TemporaryFolder())
        try sample.folder.write("par", to: "data/.staging/sample/attempt-99/download/pack.part")
        try sample.folder.write("o", to: "data/.staging/sample/attempt-99/unpack/0-one.txt")
        try sample.folder.write("garbage", to: "data/.staging/sample/archives/pack-1.0.tar.gz")
        let client = sample.client()
        _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog)
        #expect(client.commands.count == 1)
        #expect(sample.final == Self.all)
        #expect(sample.staged.isEmpty)
    }

    @Test func aVerifiedArchiveOfAnInterruptedFetchIsUsedAgain() throws {
        let sample = try Sample(in: TemporaryFolder())
        try sample.folder.write("", to: "data/.staging/sample/archives/other")
        try FileManager.default.copyItem(
            atPath: sample.archive,
            toPath: "\(sample.folder.path)/data/.staging/sample/archives/pack-1.0.tar.gz")
        let client = sample.client()
        var events: [FetchEvent] = []
        let result = try sample.cache(client).fetch(sample.manifest, from: sample.catalog) {
            events.append($0)
        }
        #expect(client.commands.isEmpty)
        #expect(result.downloadedBytes == 0)
        #expect(events.first == .reusing(archive: "pack-1.0.tar.gz"))
        #expect(sample.final == Self.all)
    }

    @Test(arguments: [
        ("pack-1.0/one.txt", "pack-1.0/absent.txt"), ("\"[two].txt\"", "absent.txt"),
    ])
    func aMemberThatIsNotInTheArchiveIsNamed(old: String, new: String) throws {
        let sample = try Sample(in: TemporaryFolder()) {
            $0.replacingOccurrences(of: "[\(old)]", with: "[\(new)]")
                .replacingOccurrences(of: ", \(old)]", with: ", \(new)]")
        }
        let cache = sample.cache(sample.client())
        let error = try #require(
            error { _ = try cache.fetch(sample.manifest, from: sample.catalog) })
        #expect(error.description.contains("cannot unpack \"\(new)\""), "\(error)")
        #expect(!sample.final.contains("sample/note.txt"))
        #expect(sample.staged == [".staging/sample/archives/pack-1.0.tar.gz"])
    }

    @Test func aMemberWithAnotherHashNeverGetsItsFinalName() throws {
        let sample = try Sample(in: TemporaryFolder()) { text in
            text.replacingOccurrences(
                of: "bytes: 5\n        sha256: [0-9a-f]{8}",
                with: "bytes: 5\n        sha256: 00000000", options: .regularExpression)
        }
        let cache = sample.cache(sample.client())
        let error = try #require(
            error { _ = try cache.fetch(sample.manifest, from: sample.catalog) })
        #expect(error.description.contains("note.txt from"))
        #expect(error.description.contains("wrong SHA-256"))
        #expect(sample.final == ["sample/deep/two.txt", "sample/one.txt"])
    }

    @Test func aProjectFileThatIsGoneIsNamed() throws {
        let sample = try Sample(in: TemporaryFolder())
        let note = "\(sample.folder.path)/manifests/sample/note.txt"
        try FileManager.default.removeItem(atPath: note)
        let cache = sample.cache(sample.client())
        let error = try #require(
            error { _ = try cache.fetch(sample.manifest, from: sample.catalog) })
        #expect(error.description.hasPrefix("\(note): cannot be read: No such file"), "\(error)")
        #expect(sample.final == ["sample/deep/two.txt", "sample/one.txt"])
    }

    @Test func aFolderInUseIsRefusedAtOnce() throws {
        let sample = try Sample(in: TemporaryFolder())
        try sample.folder.write("", to: "data/.staging/sample/other")
        let lock = try FolderLock(folder: "\(sample.folder.path)/data/.staging/sample")
        let client = sample.client()
        let error = try #require(
            error { _ = try sample.cache(client).fetch(sample.manifest, from: sample.catalog) })
        withExtendedLifetime(lock) {}
        #expect(error.isStorage)
        #expect(error.description.contains("in use by process"))
        #expect(client.commands.isEmpty)
    }

    @Test func aFolderThatCannotBeMadeIsOneLine() throws {
        let sample = try Sample(in: TemporaryFolder())
        let file = try sample.folder.write("", to: "file")
        let cache = DataCache(folder: "\(file)/data", runner: sample.client())
        let error = try #require(
            error { _ = try cache.fetch(sample.manifest, from: sample.catalog) })
        #expect(error.isStorage)
        #expect(error.description.contains("\(file) is not a folder"))
    }
}
