// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net data list`.
struct DataListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the datasets and whether they are here.")

    @Option(name: .customLong("in"), help: "Folder of the datasets.", completion: .directory)
    var folder: String?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let summaries = try DataCache(folder: folder).summaries(of: ManifestCatalog.find())
        try console.result(summaries) { DatasetSummary.table(summaries) }
    }
}
