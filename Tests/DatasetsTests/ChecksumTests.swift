// SPDX-License-Identifier: Apache-2.0
import Datasets
import Testing

@Suite("Checksums, seen through verify") struct ChecksumTests {
    /// FIPS 180-4 examples: "abc", two blocks, and one million letters a.
    @Test(arguments: [
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func agreesWithThePublishedVectors(text: String, times: Int, hash: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: text, count: times), to: "data/sample/f.txt")
        let manifest = """
            name: sample
            title: t
            summary: s
            licence: l
            attribution: a
            sources:
              - kind: project
                files:
                  - {path: f.txt, members: [f.txt], bytes: \(text.count * times), sha256: \(hash)}
            layout: l
            splits: []
            notes: []
            cautions: []
            """
        try folder.write(manifest, to: "manifests/sample.yaml")
        let catalog = ManifestCatalog(folder: "\(folder.path)/manifests")
        let cache = DataCache(folder: "\(folder.path)/data")
        #expect(try cache.verify(catalog.manifest(named: "sample")).isComplete)
    }
}
