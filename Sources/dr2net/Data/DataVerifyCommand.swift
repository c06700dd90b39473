// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Datasets

/// `dr2net data verify`.
struct DataVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every file of a dataset: size, then SHA-256.")

    @Argument(help: "The dataset's name, as `data list` shows it.")
    var name: String

    @Option(name: .customLong("in"), help: "Folder of the datasets.", completion: .directory)
    var folder: String?

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let manifest = try ManifestCatalog.find().manifest(named: name)
        let verification = try common.working("\(name): checking sizes and SHA-256") {
            try DataCache(folder: folder).verify(manifest)
        }
        try console.result(verification) { verification.describe() }
        guard verification.isComplete else {
            let wrong = verification.files.filter { $0.state != .ok }
            throw CommandFailure(
                "\(name): \(wrong.count) of \(verification.files.count) files are missing or wrong "
                    + "in \(verification.folder), expected all; run `dr2net data fetch \(name)`")
        }
    }
}
