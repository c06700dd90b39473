// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Files
import Reports
import Training

/// `dr2net report`: one HTML file of one run, or a comparison of several.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write one HTML file about a run, or one that compares several.",
        discussion: """
            What was found, missed and invented by class with the task's pictures, curves of loss, \
            scores, coefficients, learning rates, memory and step time, the recipe and the machine. \
            The file needs no other file, no network and no scripts. Runs that are still going on \
            are shown so far.
            """)

    @Argument(help: "Run folders: one for its report, several to compare.", completion: .directory)
    var runs: [String]

    @Option(
        help: ArgumentHelp(
            "The file to write. (default: report.html in the run's folder, or comparison.html here)"
        ), completion: .file(extensions: ["html"]))
    var output: String?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard runs.count <= 10 else {
            throw ValidationError("\(runs.count) runs: expected 10 at most, one colour each")
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, endings: ["html"])
        let records = try runs.map { try RunRecord($0) }
        let isOne = records.count == 1
        let path = output ?? (isOne ? "\(runs[0])/\(RunReport.fileName)" : "comparison.html")
        let page = isOne ? RunReport.page(records[0]) : RunComparison.page(records)
        try AtomicFile.write(page.html, to: path)
        try console.result(Written(report: path, runs: runs)) { path }
    }

    private struct Written: Encodable {
        var report: String
        var runs: [String]
    }
}
