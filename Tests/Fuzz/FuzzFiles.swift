// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import FuzzSupport

extension FuzzFormat: ExpressibleByArgument {}

/// Reads damaged files of every format by the million: each must end in a value or in one line.
///
/// The reading is done in child processes, so that a trap, a hang or a request for gigabytes is
/// found, its input kept, and the next input read.
@main struct FuzzFiles: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-files",
        abstract: "Read damaged files and keep every input that crashes, hangs or swells.",
        discussion: """
            Inputs are a function of the seed, the format and their number. A reader has 10 seconds \
            and 2 GiB of address space for each. Exit code 1 where one failed.
            """)

    @Option(help: "Inputs of each format.")
    var inputs = 100_000

    @Option(help: "Formats. (default: all)")
    var format: [FuzzFormat] = []

    @Option(help: "Seed of the damage.")
    var seed: UInt64 = 0

    @Option(help: "Number of the first input.")
    var from = 0

    @Option(help: "The files to damage. (default: the format's fixtures)", completion: .directory)
    var corpus: String?

    @Option(
        help: "Where inputs that failed go. (default: crashers beside them)", completion: .directory
    )
    var crashers: String?

    @Option(help: .private)
    var progress: String?

    func validate() throws {
        guard inputs > 0, from >= 0, from <= Int.max - inputs else {
            throw ValidationError("--inputs and --from: expected a range of numbers from 0")
        }
    }

    func run() throws {
        if let progress {
            return try FuzzWorker(
                format: format[0],
                inputs: FuzzInputs(format[0], folder: corpus ?? format[0].corpus, seed: seed),
                progress: progress
            ).run(from..<from + inputs)
        }
        var failures = 0
        for format in format.isEmpty ? FuzzFormat.allCases : format {
            failures += try supervise(format)
        }
        if failures > 0 { throw ExitCode.failure }
    }

    /// Reads all inputs of a format in children; gives the number that failed.
    private func supervise(_ format: FuzzFormat) throws -> Int {
        let corpus = corpus ?? format.corpus
        let crashers = crashers ?? "\(corpus)/crashers"
        let all = try FuzzInputs(format, folder: corpus, seed: seed)
        let started = Date()
        var next = from, accepted = 0, failures = 0
        while next < from + inputs {
            let count = min(100_000, from + inputs - next)
            let child = try FuzzChild(
                arguments: [
                    "--format", format.rawValue, "--seed", "\(seed)", "--from", "\(next)",
                    "--inputs", "\(count)", "--corpus", corpus,
                ])
            accepted += child.accepted
            guard let failed = child.failed else {
                next += count
                continue
            }
            failures += 1
            try FileManager.default.createDirectory(
                atPath: crashers, withIntermediateDirectories: true)
            let path = "\(crashers)/\(format.rawValue)-\(seed)-\(failed)"
            try Data(all[failed]).write(to: URL(fileURLWithPath: path))
            say("\(format.rawValue): input \(failed) \(child.reason), kept as \(path)")
            next = failed + 1
        }
        let seconds = Date().timeIntervalSince(started)
        say(
            "\(format.rawValue): \(inputs) inputs, \(accepted) read, "
                + "\(inputs - accepted - failures) refused in one line, \(failures) failed; "
                + "\(Int(seconds.rounded())) s")
        return failures
    }

    /// A line at once, wherever the output goes.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
