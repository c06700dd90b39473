// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

@Suite("The data folder") struct DataCacheTests {
    @Test(arguments: [
        ("/given", ["DR2NET_DATA": "/env", "XDG_DATA_HOME": "/xdg", "HOME": "/home/me"], "/given"),
        (nil, ["DR2NET_DATA": "/env", "XDG_DATA_HOME": "/xdg", "HOME": "/home/me"], "/env"),
        (nil, ["XDG_DATA_HOME": "/xdg", "HOME": "/home/me"], "/xdg/dr2net"),
        (nil, ["XDG_DATA_HOME": "xdg", "HOME": "/home/me"], "/home/me/.local/share/dr2net"),
        (nil, ["DR2NET_DATA": "", "HOME": "/home/me"], "/home/me/.local/share/dr2net"),
    ])
    func isTheFirstThatIsNamed(given: String?, environment: [String: String], root: String) {
        #expect(DataCache(folder: given, environment: environment).root == root)
    }

    @Test func aRelativeFolderBecomesAbsolute() {
        let here = FileManager.default.currentDirectoryPath
        #expect(DataCache(folder: "some/../data").root == "\(here)/data")
    }

    @Test func verifyTellsMissingFromWrong() throws {
        let folder = try TemporaryFolder()
        let sample = try Sample(in: folder)
        let cache = DataCache(folder: "\(folder.path)/data")
        try folder.write("one", to: "data/sample/one.txt")
        try folder.write("TWO\n", to: "data/sample/deep/two.txt")
        let found = try cache.verify(sample.manifest)
        #expect(found.files.map(\.state) == [.wrongSize, .wrongHash, .missing])
        #expect(found.files[0].foundBytes == 3)
        #expect(!found.isComplete)
        #expect(found.describe().contains("one.txt: wrong size: found 3 bytes, expected 4"))
        #expect(found.describe().contains("3 of 3 files missing or wrong"))
        #expect(found.describe().contains("dr2net data fetch sample"))
        let data = try JSONEncoder().encode(found)
        #expect(try JSONDecoder().decode(Verification.self, from: data) == found)
    }

    @Test func aFolderInAFilesPlaceIsMissing() throws {
        let folder = try TemporaryFolder()
        let sample = try Sample(in: folder)
        try folder.write("", to: "data/sample/one.txt/inside")
        let found = try DataCache(folder: "\(folder.path)/data").verify(sample.manifest)
        #expect(found.files[0].state == .missing)
    }

    @Test func theListShowsWhatIsThere() throws {
        let folder = try TemporaryFolder()
        let sample = try Sample(in: folder)
        let cache = DataCache(folder: "\(folder.path)/data", runner: sample.client())
        #expect(try cache.summaries(of: sample.catalog).map(\.state) == [.absent])
        try folder.write("one\n", to: "data/sample/one.txt")
        #expect(try cache.summaries(of: sample.catalog).map(\.state) == [.partial])
        _ = try cache.fetch(sample.manifest, from: sample.catalog)
        let summaries = try cache.summaries(of: sample.catalog)
        #expect(summaries.map(\.state) == [.present])
        #expect(DatasetSummary.table(summaries) == "sample  present  13 B  Sample")
    }
}
