// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation
import Testing

@Suite("Debian's client") struct PackageClientTests {
    /// Makes a real package and a manifest for it.
    private func sample(
        kind: String, archive: String, member: String, in folder: TemporaryFolder, at path: String
    ) throws -> (Manifest, ManifestCatalog) {
        let text = """
            name: sample
            title: Sample
            summary: One file
            licence: CC0
            attribution: Nobody
            sources:
              - kind: \(kind)
                package: pack
                version: 1.0-2
                archive:
                  name: \(archive)
                  bytes: \(try size(path))
                  sha256: \(try sha256(path))
                files:
                  - path: one.txt
                    members: [\(member)]
                    bytes: 4
                    sha256: \(try sha256("\(folder.path)/make/usr/share/pack/one.txt"))
            layout: one file
            splits: []
            notes: []
            cautions: []
            """
        try folder.write(text, to: "manifests/sample.yaml")
        let catalog = ManifestCatalog(folder: "\(folder.path)/manifests")
        return (try catalog.manifest(named: "sample"), catalog)
    }

    @Test func bringsABinaryPackage() throws {
        let folder = try TemporaryFolder()
        try folder.write("one\n", to: "make/usr/share/pack/one.txt")
        try folder.write(
            "Package: pack\nVersion: 1.0-2\nArchitecture: all\nMaintainer: N <n@example.org>\n"
                + "Description: d\n", to: "make/DEBIAN/control")
        let package = "\(folder.path)/pack_1.0-2_all.deb"
        try shell("dpkg-deb", ["--build", "--root-owner-group", "\(folder.path)/make", package])
        let (manifest, catalog) = try sample(
            kind: "apt-deb", archive: "pack_1.0-2_all.deb", member: "usr/share/pack/one.txt",
            in: folder, at: package)
        let client = FakeClient { _, folder in
            try FileManager.default.copyItem(
                atPath: package, toPath: "\(folder)/pack_1.0-2_all.deb")
            return CommandResult(status: 0)
        }
        let cache = DataCache(folder: "\(folder.path)/data", runner: client)
        _ = try cache.fetch(manifest, from: catalog)
        #expect(try cache.verify(manifest).isComplete)
        #expect(client.commands.map(\.arguments) == [["-q", "download", "pack=1.0-2"]])
    }

    /// Source packages are switched on in a folder of the attempt, never in the system's files.
    @Test func bringsASourceArchiveWithListsOfItsOwn() throws {
        let folder = try TemporaryFolder()
        try folder.write("one\n", to: "make/usr/share/pack/one.txt")
        let archive = "\(folder.path)/pack_1.0.orig.tar.gz"
        try shell("tar", ["-C", "\(folder.path)/make", "-czf", archive, "usr"])
        let (manifest, catalog) = try sample(
            kind: "apt-source", archive: "pack_1.0.orig.tar.gz", member: "usr/share/pack/one.txt",
            in: folder, at: archive)
        let client = FakeClient { command, folder in
            guard command.arguments.contains("source") else { return CommandResult(status: 0) }
            try FileManager.default.copyItem(
                atPath: archive, toPath: "\(folder)/pack_1.0.orig.tar.gz")
            return CommandResult(status: 0)
        }
        let cache = DataCache(folder: "\(folder.path)/data", runner: client)
        _ = try cache.fetch(manifest, from: catalog)
        #expect(try cache.verify(manifest).isComplete)
        #expect(client.commands.count == 2)
        #expect(client.commands[0].arguments.last == "update")
        #expect(client.commands[1].arguments.suffix(2) == ["--tar-only", "pack=1.0-2"])
        for command in client.commands {
            let parts = command.arguments.filter { $0.hasPrefix("Dir::") }
            #expect(parts.count == 4)
            let own = parts.dropFirst().allSatisfy { $0.contains("=\(folder.path)/data/.staging/") }
            #expect(own)
        }
    }
}
