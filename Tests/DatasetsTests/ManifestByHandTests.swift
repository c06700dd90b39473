// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

@Suite("Manifests of sets fetched by hand") struct ManifestByHandTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A sound manifest; each test replaces one text in it.
    static let manifest = """
        name: sample
        title: A title
        summary: A summary.
        licence: CC0
        attribution: Nobody
        sources:
          - kind: manual
            what: the videos
            home: https://example.org
            files: []
        layout: As unpacked.
        splits: []
        subsets:
          - {name: training, counts: {videos: 4}, source: a page}
          - {name: validation, counts: {videos: 2}, source: a page}
        parts:
          - {name: list, kind: segments, at: [list.txt]}
          - name: training videos
            kind: video
            subset: training
            at: [train, videos]
            files: "*"
            count: videos
            listed-by: list
          - name: validation videos
            kind: video
            subset: validation
            at: [val, videos]
            files: "*"
            count: videos
            listed-by: list
        training:
          - recipe: tasks/recipe.yaml
            commands: [tad prepare, tad train]
            keys:
              data.annotations: [list]
              data.videos: [training videos, validation videos]
            settings: [data.keepGoing=true]
        notes: []
        cautions: []
        """

    static func read(_ text: String = manifest) throws -> Manifest {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "sample.yaml")
        return try ManifestCatalog(folder: folder.path).manifest(named: "sample")
    }

    static let names = [
        "activitynet", "ai-tod", "ai-tod-v2", "coco", "modelnet40", "s3dis", "scanobjectnn",
        "thumos14", "visdrone",
    ]

    @Test func theProjectHasNine() throws {
        let byHand = try repositoryCatalog.manifests().filter(\.isByHand)
        #expect(byHand.map(\.name) == Self.names)
    }

    @Test(arguments: names)
    func oneScreenShowsThem(name: String) throws {
        let text = try repositoryCatalog.manifest(named: name).describe()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 40, "\(lines.count)")
        for line in lines { #expect(line.count <= 100, "\(line)") }
    }

    @Test(arguments: names)
    func theirRecipesExistAndAgree(name: String) throws {
        let manifest = try repositoryCatalog.manifest(named: name)
        for use in try #require(manifest.training) {
            let text = try String(contentsOfFile: "\(Self.root)/\(use.recipe)", encoding: .utf8)
            // Where the recipe names the set, it names the usual places.
            guard text.contains("data:\(name)") else { continue }
            for (_, parts) in use.keys {
                for part in try #require(manifest.parts).filter({ parts.contains($0.name) }) {
                    let place = part.at[0] == "." ? name : "\(name)/\(part.at[0])"
                    #expect(text.contains("data:\(place)"), "\(use.recipe): data:\(place)")
                }
            }
        }
    }

    @Test(arguments: [
        ("kind: manual", "kind: project", "sources: no file, expected at least one"),
        ("    what: the videos\n", "", "needs what to get and the home page"),
        ("home: https://example.org", "home: example", "needs what to get and the home page"),
        ("counts: {videos: 4}", "counts: {films: 4}", "\"films\" of training is none of videos"),
        ("counts: {videos: 4}", "counts: {videos: 0}", "training needs counts above 0"),
        (
            "source: a page}\n  - {name: val", "source: ''}\n  - {name: val",
            "training names no source"
        ),
        ("at: [list.txt]", "at: [../list.txt]", "list: at needs plain relative paths"),
        ("at: [list.txt]", "at: []", "list: at needs plain relative paths"),
        ("kind: segments", "kind: sound", "parts[0].kind: found \"sound\", expected one of video"),
        ("listed-by: list\n  - name: val", "listed-by: lost\n  - name: val", "names no other part"),
        (
            "count: videos\n    listed-by: list\n  - name: val", "count: boxes\n  - name: val",
            "no count"
        ),
        ("data.annotations: [list]", "data.annotations: [lst]", "no part is called \"lst\""),
        ("recipe: tasks/recipe.yaml", "recipe: /recipe.yaml", "not the path of a recipe"),
        (
            "splits: []", "splits: [{name: a, items: []}]",
            "stands without others, and without splits"
        ),
    ])
    func aBrokenRuleIsNamed(found: String, replacement: String, expected: String) throws {
        #expect(Self.manifest.contains(found))
        let text = Self.manifest.replacingOccurrences(of: found, with: replacement)
        let error = try #require(error { _ = try Self.read(text) })
        #expect(error.description.contains(expected), "\(error)")
    }

    @Test func onlyManualSourcesHaveParts() throws {
        let text = ManifestReaderTests.sound + "\nparts: []\n"
        let unfit = try #require(error { _ = try ManifestReaderTests.read(text) })
        #expect(unfit.description.contains("belong to a manual source alone"), "\(unfit)")
        let home = ManifestReaderTests.sound.replacingOccurrences(
            of: "kind: pip-wheel", with: "kind: pip-wheel\n    home: https://example.org")
        let other = try #require(error { _ = try ManifestReaderTests.read(home) })
        #expect(
            other.description.contains("a pip-wheel source has neither what nor home"), "\(other)")
    }
}
