// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What holds for every command, found by walking the program's own description of itself.
@Suite("Command tree") struct CommandTreeTests {
    /// A command: the names that lead to it, its options and whether it only groups others.
    private struct Command {
        let path: [String]
        let options: Set<String>
        let isGroup: Bool
    }

    private func commands() throws -> [Command] {
        let run = try CommandRun(["--experimental-dump-help"])
        let root = try #require(try run.object()["command"] as? [String: Any])
        return list(root, path: [])
    }

    private func list(_ node: [String: Any], path: [String]) -> [Command] {
        let children = (node["subcommands"] as? [[String: Any]] ?? []).filter {
            $0["commandName"] as? String != "help"
        }
        let arguments = node["arguments"] as? [[String: Any]] ?? []
        let names = arguments.flatMap { $0["names"] as? [[String: Any]] ?? [] }
            .compactMap { $0["name"] as? String }
        let own = Command(path: path, options: Set(names), isGroup: !children.isEmpty)
        return [own]
            + children.flatMap { child in
                list(child, path: path + [child["commandName"] as? String ?? ""])
            }
    }

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
                command.options.isSuperset(of: ["json", "quiet", "threads", "seed"]),
                "\(command.path)")
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
