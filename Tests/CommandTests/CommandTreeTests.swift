// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What holds for every command, found by walking the program's own description of itself.
@Suite("Command tree") struct CommandTreeTests {
    private func commands() throws -> [ProgramCommand] { try ProgramCommand.program().all }

    @Test func everyCommandHasHelp() throws {
        let all = try commands()
        #expect(all.count > 12)
        for command in all {
            let run = try CommandRun(command.path + ["--help"])
            #expect(run.code == 0, "\(command.path)")
            #expect(run.output.contains("USAGE: dr2net"), "\(command.path)")
            #expect(run.complaint.isEmpty, "\(command.path)")
        }
    }

    @Test func everyCommandTakesTheCommonOptions() throws {
        for command in try commands() where !command.isGroup {
            #expect(
                command.options.isSuperset(of: ["json", "quiet", "threads"]),
                "\(command.path)")
            #expect(
                command.options.union(command.refused).contains("seed"), "\(command.path)")
        }
    }

    @Test func everyCommandRefusesUnknownOptions() throws {
        for command in try commands() where !command.isGroup {
            let run = try CommandRun(command.path + ["--no-such-option"])
            #expect(run.code == 64, "\(command.path)")
            #expect(run.output.isEmpty, "\(command.path)")
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionScriptsNameTheCommands(shell: String) throws {
        let run = try CommandRun(["--generate-completion-script", shell])
        #expect(run.code == 0)
        for name in ["backbone", "tad", "detect", "surrogate", "evaluate"] {
            #expect(run.output.contains(name), "\(name)")
        }
    }

    @Test func versionIsOneLineWithTheCommit() throws {
        let run = try CommandRun(["--version"])
        #expect(run.code == 0)
        let line = /dr2net \d+\.\d+\.\d+ \((commit unknown|[0-9a-f]{7,40}(-dirty)?)\)\n/
        #expect(run.output.wholeMatch(of: line) != nil, "\(run.output)")
    }
}
