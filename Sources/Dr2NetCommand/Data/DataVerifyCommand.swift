// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Datasets
import Files

/// `dr2net data verify`.
struct DataVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every file of a dataset: by SHA-256, or by opening it.",
        discussion: """
            What `data fetch` brings is checked by size and SHA-256. Of a set that is fetched by hand \
            the files are counted and opened, and what is missing or damaged is listed; the commands \
            that train on it follow. The exit code is 0 where what is there is whole and enough for \
            one of them, or for the subsets that --subset names.
            """)

    @Argument(help: "The dataset's name, as `data list` shows it.")
    var name: String

    @Option(
        name: .customLong("in"),
        help: "Folder of the datasets; of a set fetched by hand also its own folder.",
        completion: .directory)
    var folder: String?

    @Option(
        help: "Open that many files of a kind, drawn evenly, of a set fetched by hand; default all."
    )
    var sample: Int?

    @Option(
        name: .customLong("subset"),
        help: "Look at this subset alone, of a set fetched by hand; may be given several times.")
    var subsets: [String] = []

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let sample, sample < 1 {
            throw ValidationError("--sample \(sample): expected 1 or more")
        }
    }

    func run() throws {
        let console = common.start()
        let manifest = try ManifestCatalog.find().manifest(named: name)
        guard manifest.isByHand else { return try checkSums(of: manifest, console) }
        let check = try SetCheck(
            manifest, in: folder ?? DataCache().folder(of: name),
            readers: Tasks.all.map { $0.partReader },
            sample: sample, subsets: subsets)
        let progress = common.progress()
        defer { progress.finish() }
        let verification = try check.run(
            reading: { progress.begin("reading \($0)", isShownAtOnce: false) },
            opened: { progress.update(done: $0, total: $1, $2) })
        progress.finish()
        try console.result(verification) { verification.describe() }
        if !verification.isComplete { throw InputError(verification.reason) }
    }

    /// Checks what `data fetch` brought.
    private func checkSums(of manifest: Manifest, _ console: CommandOutput) throws {
        if sample != nil || !subsets.isEmpty {
            throw InputError(
                "\(name): --sample and --subset are for sets that are fetched by hand; leave them out"
            )
        }
        let verification = try common.working("\(name): checking sizes and SHA-256") {
            try DataCache(folder: folder).verify(manifest)
        }
        try console.result(verification) { verification.describe() }
        guard verification.isComplete else {
            let wrong = verification.files.filter { $0.state != .ok }
            throw InputError(
                "\(name): \(wrong.count) of \(verification.files.count) files are missing or wrong "
                    + "in \(verification.folder), expected all; run `dr2net data fetch \(name)`")
        }
    }
}
