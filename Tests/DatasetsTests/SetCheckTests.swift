// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

/// Reads texts: a file with "damaged" in it can't be opened, a list has a name a line.
private struct FakeReader: PartReader {
    struct Failure: Error, CustomStringConvertible { let description: String }

    var kinds: Set<Manifest.PartKind> { [.video, .segments] }

    func endings(of kind: Manifest.PartKind) -> Set<String>? { kind == .video ? ["mp4"] : nil }

    func lists(_ kind: Manifest.PartKind) -> Bool { kind == .segments }

    func open(_ path: String, as kind: Manifest.PartKind) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        if text == "damaged" { throw Failure(description: "\(path): is damaged") }
    }

    func contents(of path: String, as kind: Manifest.PartKind) throws -> PartContents {
        try open(path, as: kind)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let pairs = lines.map { $0.split(separator: " ").map(String.init) }
        let names = Dictionary(grouping: pairs, by: { Optional($0[0]) }).mapValues {
            $0.map { $0[1] }
        }
        return PartContents(names: names, counts: names.mapValues { ["videos": $0.count] })
    }
}

@Suite("Sets that were fetched by hand") struct SetCheckTests {
    private func check(
        _ folder: TemporaryFolder, sample: Int? = nil, subsets: [String] = []
    ) throws -> SetVerification {
        try SetCheck(
            try ManifestByHandTests.read(), in: folder.path, readers: [FakeReader()],
            sample: sample,
            subsets: subsets
        ).run()
    }

    /// A whole set.
    private func whole() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(
            "training a\ntraining b\ntraining c\ntraining d\nvalidation e\nvalidation f\n",
            to: "list.txt")
        for name in ["train/a.mp4", "train/v_b.mp4", "train/c.MP4", "train/d.mp4"] {
            try folder.write("film", to: name)
        }
        for name in ["val/e.mp4", "val/f.mp4"] { try folder.write("film", to: name) }
        return folder
    }

    @Test func aWholeSetEndsInItsCommands() throws {
        let folder = try whole()
        let result = try check(folder)
        #expect(result.isComplete)
        #expect(
            result.describe().replacingOccurrences(of: folder.path, with: "DIR") == """
                sample in DIR

                part               place     expected  found  missing  damaged
                list               list.txt         1      1        0        0
                training videos    train            4      4        0        0
                validation videos  val              2      2        0        0

                opened 7 of 7 files

                train with one of:
                  dr2net tad prepare tasks/recipe.yaml --set data.annotations=DIR/list.txt \
                --set 'data.videos=[DIR/train, DIR/val]' --set data.keepGoing=true
                  dr2net tad train tasks/recipe.yaml --set data.annotations=DIR/list.txt \
                --set 'data.videos=[DIR/train, DIR/val]' --set data.keepGoing=true
                """)
    }

    @Test func missingDamagedAndOtherFilesAreNamed() throws {
        let folder = try whole()
        try FileManager.default.removeItem(atPath: folder.path + "/train/a.mp4")
        try folder.write("damaged", to: "train/d.mp4")
        try folder.write("x", to: "train/z.mp4")
        try folder.write("x", to: "train/notes.txt")
        try FileManager.default.removeItem(atPath: folder.path + "/val")
        let result = try check(folder)
        #expect(!result.isComplete)
        #expect(
            result.reason
                == "sample: 1 missing and 1 damaged in \(folder.path), expected none; get those "
                + "again (`dr2net data show sample` says from whom)")
        #expect(
            result.describe().replacingOccurrences(of: folder.path, with: "DIR") == """
                sample in DIR

                part               place     expected  found  missing  damaged
                list               list.txt         1      1        0        0
                training videos    train            4      3        1        1
                validation videos  not here
                training videos: 1 missing: a
                training videos: 1 damaged:
                  d.mp4: is damaged
                training videos: 2 other files beside them: notes.txt z.mp4
                validation videos: looked for val, videos

                opened 4 of 4 files
                not enough for tasks/recipe.yaml: no validation videos
                """)
    }

    @Test func oneSubsetIsEnoughWhereItIsNamed() throws {
        let folder = try whole()
        try FileManager.default.removeItem(atPath: folder.path + "/train")
        let all = try check(folder)
        #expect(!all.isComplete)
        #expect(
            all.reason
                == "sample: not enough in \(folder.path): no training videos; get it, or "
                + "name what you have with --subset")
        let named = try check(folder, subsets: ["validation"])
        #expect(named.isComplete)
        #expect(named.parts.map(\.part) == ["list", "validation videos"])
        // A list alone is not enough.
        try FileManager.default.removeItem(atPath: folder.path + "/val")
        let lists = try check(folder, subsets: ["validation"])
        #expect(!lists.isComplete)
        #expect(
            lists.reason.hasPrefix("sample: not enough in \(folder.path): no validation videos;"))
    }

    @Test func subsetsMayShareAFolder() throws {
        let folder = try whole()
        let files = [
            "train/a.mp4", "train/v_b.mp4", "train/c.MP4", "train/d.mp4", "val/e.mp4", "val/f.mp4",
        ]
        for file in files {
            let name = try #require(file.split(separator: "/").last)
            try folder.write("film", to: "videos/\(name)")
        }
        for name in ["train", "val"] {
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        let result = try check(folder)
        #expect(result.isComplete)
        #expect(result.parts.map(\.others) == [0, 0, 0])
        #expect(result.training[0].commands[0].contains("--set data.videos=\(folder.path)/videos "))
    }

    @Test func withoutTheListThePublishedNumbersCount() throws {
        let folder = try whole()
        try FileManager.default.removeItem(atPath: folder.path + "/list.txt")
        try FileManager.default.removeItem(atPath: folder.path + "/train/a.mp4")
        try folder.write("film", to: "val/g.mp4")
        let result = try check(folder)
        #expect(result.parts.map(\.expected) == [nil, 4, 2])
        #expect(result.parts.map(\.missing) == [0, 1, 0])
        #expect(result.parts[2].notes == ["validation videos: 1 more than the 2 published"])
    }

    @Test func aSampleIsDrawnEvenlyAndSaid() throws {
        let folder = try whole()
        try folder.write("damaged", to: "train/d.mp4")
        let result = try check(folder, sample: 2)
        #expect(result.parts.map(\.opened) == [1, 2, 2])
        #expect(result.isComplete)
        #expect(result.describe().contains("\nopened 5 of 7 files, drawn evenly\n"))
    }

    @Test func aListThatDiffersIsSaid() throws {
        let folder = try whole()
        try folder.write("training a\ntrain b\n", to: "list.txt")
        #expect(
            try check(folder).parts[0].notes == [
                "list, training: videos 1, published 4",
                "list: no subset validation in it, but train, training",
            ])
        try folder.write("damaged", to: "list.txt")
        let damaged = try check(folder)
        #expect(damaged.parts[0].damagedFiles == ["list.txt: is damaged"])
        #expect(damaged.parts[1].expected == 4)
    }

    @Test func nothingIsAnError() throws {
        let folder = try TemporaryFolder()
        #expect(
            throws: InputError(
                "\(folder.path): nothing of sample is here; expected list.txt, train, val; "
                    + "`dr2net data show sample` says what to get")
        ) { try check(folder) }
        let none = try #require(
            error {
                _ = try SetCheck(try ManifestByHandTests.read(), in: "/nothing/here", readers: [])
            })
        #expect(none.description.hasPrefix("/nothing/here: no such folder; expected sample"))
        let odd = try #require(
            error {
                _ = try SetCheck(
                    try ManifestByHandTests.read(), in: folder.path, readers: [], subsets: ["tst"])
            })
        #expect(odd.description == "sample has no subset \"tst\"; expected training, validation")
    }

    @Test func namesAreShownWithoutControlCharacters() throws {
        let folder = try whole()
        try folder.write("x", to: "train/a\u{1B}[31m.txt")
        #expect(try check(folder).describe().contains("other files beside them: a?[31m.txt"))
    }

    @Test func aFetchSaysThatItIsByHand() throws {
        let folder = try TemporaryFolder()
        let cache = DataCache(folder: folder.path)
        let catalog = ManifestCatalog(folder: folder.path)
        let words =
            "sample is fetched by hand: `dr2net data show sample` says from whom, and `dr2net data "
            + "verify sample --in DIR` looks through what you have"
        #expect(throws: InputError(words)) {
            try cache.fetch(try ManifestByHandTests.read(), from: catalog)
        }
        #expect(throws: InputError(words)) {
            try cache.verify(try ManifestByHandTests.read())
        }
    }

    @Test func theListShowsThemApart() throws {
        let folder = try TemporaryFolder()
        let catalog = ManifestCatalog(folder: folder.path)
        try folder.write(ManifestByHandTests.manifest, to: "sample.yaml")
        try folder.write(
            ManifestReaderTests.sound.replacingOccurrences(of: "name: sample", with: "name: other"),
            to: "other.yaml")
        let summaries = try DataCache(folder: folder.path + "/data").summaries(of: catalog)
        #expect(
            DatasetSummary.table(summaries) == """
                other  absent  10 B  A title

                fetched by hand (`dr2net data show NAME` says from whom):
                sample  absent  A title
                """)
    }
}
