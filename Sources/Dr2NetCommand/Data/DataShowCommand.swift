// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net data show`.
struct DataShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a dataset's licence, source, files, splits and cautions.")

    @Argument(help: "The dataset's name, as `data list` shows it.")
    var name: String

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let manifest = try ManifestCatalog.find().manifest(named: name)
        try console.result(manifest) { manifest.describe() }
    }
}
