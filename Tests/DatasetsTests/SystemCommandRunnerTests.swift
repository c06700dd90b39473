// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Testing

@Suite("Running programs") struct SystemCommandRunnerTests {
    let runner = SystemCommandRunner()

    @Test func reportsStatusOutputAndErrors() throws {
        let result = try runner.run(Command("sh", ["-c", "echo out; echo err >&2; exit 3"]))
        #expect(result == CommandResult(status: 3, output: "out\n", errorOutput: "err\n"))
    }

    @Test func aSignalIsAStatusAbove128() throws {
        #expect(try runner.run(Command("sh", ["-c", "kill -TERM $$"])).status == 143)
    }

    @Test func inputOutputAndFolderAreFilesOfTheCallers() throws {
        let folder = try TemporaryFolder()
        let input = try folder.write("text", to: "in put")
        let output = "\(folder.path)/out put"
        let command = Command(
            "sh", ["-c", "cat; pwd"], folder: "/usr", input: input, output: output)
        #expect(try runner.run(command) == CommandResult(status: 0))
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "text/usr\n")
    }

    @Test func manyBytesOfOutputDoNotBlockAndTheEndIsKept() throws {
        let result = try runner.run(Command("sh", ["-c", "seq 1 200000; echo last"]))
        #expect(result.output.utf8.count == 64 << 10)
        #expect(result.output.hasSuffix("200000\nlast\n"))
    }

    @Test func aMissingProgramIsAnErrorThatSaysWhatToDo() throws {
        let error = try #require(error { _ = try runner.run(Command("no-such-program", [])) })
        #expect(error.description.contains("cannot start no-such-program"))
        #expect(error.description.contains("scripts/install-dependencies"))
        #expect(!runner.hasProgram("no-such-program"))
        #expect(runner.hasProgram("sh"))
    }

    /// Ctrl-C reaches a whole process group: the child must be in ours.
    @Test func aChildStaysInTheProcessGroup() throws {
        let output = try runner.run(Command("sh", ["-c", "ps -o pgid= -p $$ || true"])).output
        guard let group = pid_t(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            return
        }
        #expect(group == getpgrp())
    }

    @Test func theReasonIsTheLastMarkedLine() {
        #expect(CommandResult(status: 1, errorOutput: "a\nE: b\n c\n").reason == "E: b")
        #expect(CommandResult(status: 1, errorOutput: "a\n  b\n\n").reason == "b")
        #expect(CommandResult(status: 1).reason == "it printed no reason")
    }
}
