// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

@Suite("Manifests that break a rule") struct ManifestReaderTests {
    /// A sound manifest; each test replaces one text in it.
    static let sound = """
        name: sample
        title: A title
        summary: A summary
        licence: CC0
        attribution: Nobody
        sources:
          - kind: pip-wheel
            package: some-package
            version: 1.10
            archive:
              name: some_package-1.10-py3-none-any.whl
              bytes: 100
              sha256: \(String(repeating: "a", count: 64))
            files:
              - path: one.bin
                members: [some_package/one.bin]
                bytes: 10
                sha256: \(String(repeating: "b", count: 64))
        layout: one file
        splits:
          - name: training
            items: [x, y]
        notes: []
        cautions: []
        """

    static func read(_ text: String) throws -> Manifest {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "sample.yaml")
        return try ManifestCatalog(folder: folder.path).manifest(named: "sample")
    }

    @Test func theSoundOneIsReadAndVersionsStayText() throws {
        let manifest = try Self.read(Self.sound)
        #expect(manifest.sources[0].version == "1.10")
        #expect(manifest.bytes == 10)
    }

    @Test(arguments: [
        ("title: A title", "titel: A title", ":2: unknown key \"titel\"; did you mean \"title\"?"),
        (
            "bytes: 100", "byts: 100",
            "unknown key \"sources[0].archive.byts\"; did you mean \"bytes\"?"
        ),
        (
            "path: one.bin", "zzzzzzzzzz: one.bin",
            "unknown key \"sources[0].files[0].zzzzzzzzzz\"; known keys: path, members"
        ),
        ("layout: one file\n", "", "the key \"layout\" is missing"),
        (
            "bytes: 100", "bytes: many",
            ":12: sources[0].archive.bytes: found \"many\", expected a whole number"
        ),
        (
            "items: [x, y]", "items: {a: 1}",
            "splits[0].items: found a mapping, expected a list"
        ),
        ("title: A title", "title: [1]", "2: title: found a list, expected a single value"),
        (
            "kind: pip-wheel", "kind: npm",
            "sources[0].kind: found \"npm\", expected one of pip-sdist, pip-wheel"
        ),
        ("title: A title", "title: A title\ntitle: B", "not valid YAML"),
        ("title: A title", "title: [1", "not valid YAML"),
        ("name: sample", "name: other", "found \"other\", expected \"sample\""),
        ("title: A title", "title: ''", "title: empty"),
        ("bytes: 10\n", "bytes: 0\n", "found 0, expected a size above 0"),
        ("bytes: 100", "bytes: 99999999999999999999999", "expected a whole number"),
        (String(repeating: "b", count: 64), "B1", "is not 64 lower-case hexadecimal digits"),
        ("path: one.bin", "path: ../one.bin", "\"../one.bin\" is not a plain relative path"),
        ("path: one.bin", "path: /one.bin", "\"/one.bin\" is not a plain relative path"),
        ("members: [some_package/one.bin]", "members: [a/../b]", "\"a/../b\" is not a plain"),
        ("members: [some_package/one.bin]", "members: []", "members: empty"),
        ("members: [some_package/one.bin]", "members: [a.rar, b]", "\"a.rar\" is no archive"),
        ("package: some-package", "package: --index-url", "is not the name of a package"),
        ("version: 1.10", "version: '1 2'", "is not a version"),
        ("kind: pip-wheel", "kind: project", "a project source has no package"),
        ("    package: some-package\n", "", "needs package, version and archive"),
        ("items: [x, y]", "items: [x, x]", "\"x\" is in \"training\" and in \"training\""),
        ("name: some_package-1.10-py3-none-any.whl", "name: a/b.whl", "not a plain file name"),
    ])
    func isOneLineThatSaysWhatIsWrong(old: String, new: String, expected: String) throws {
        let changed = Self.sound.replacingOccurrences(of: old, with: new)
        try #require(changed != Self.sound)
        let error = try #require(error { _ = try Self.read(changed) })
        #expect(error.description.contains(expected), "\(error)")
        #expect(error.description.contains("sample.yaml"))
        #expect(!error.description.contains("\n"))
    }

    @Test func textThatIsNoMappingIsRefused() throws {
        for text in ["", "just text", "- a\n- b", "\u{0}\u{1}"] {
            let error = try #require(error { _ = try Self.read(text) }, "\(text)")
            #expect(error.description.contains("sample.yaml"), "\(error)")
            #expect(!error.description.contains("\n"))
        }
    }
}
