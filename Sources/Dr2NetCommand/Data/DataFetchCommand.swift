// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets

/// `dr2net data fetch`.
struct DataFetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Bring what is missing or wrong of a dataset, verified by SHA-256.")

    @Argument(help: "The dataset's name, as `data list` shows it.")
    var name: String

    @Option(
        name: .customLong("to"), help: "Folder of the datasets; made if missing.",
        completion: .directory)
    var folder: String?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let catalog = try ManifestCatalog.find()
        let manifest = try catalog.manifest(named: name)
        let progress = common.progress()
        defer { progress.finish() }
        progress.begin("\(name): checking what is there", isShownAtOnce: false)
        let result = try DataCache(folder: folder).fetch(manifest, from: catalog) { event in
            progress.begin(event.description)
        }
        progress.finish()
        try console.result(result) { result.describe() }
    }
}
