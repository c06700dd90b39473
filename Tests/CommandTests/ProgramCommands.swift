// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A command of the program, as the program describes itself.
struct ProgramCommand: Sendable {
    /// The names that lead to it; none for the program.
    let path: [String]
    /// Its options' names without dashes.
    let options: Set<String>
    /// Those that it refuses with a reason, and doesn't show.
    let refused: Set<String>
    /// Those of the options that take a value.
    let valued: Set<String>
    /// How many arguments without a name it takes at most.
    let positionals: Int
    /// The commands that it groups.
    let children: [ProgramCommand]

    /// Whether it only groups others.
    var isGroup: Bool { !children.isEmpty }

    /// The command and all below it.
    var all: [ProgramCommand] { [self] + children.flatMap(\.all) }

    /// The program with all its commands.
    static func program() throws -> ProgramCommand {
        let run = try CommandRun(["--experimental-dump-help"])
        return ProgramCommand(try #require(try run.object()["command"] as? [String: Any]), path: [])
    }

    private init(_ node: [String: Any], path: [String]) {
        self.path = path
        let arguments = node["arguments"] as? [[String: Any]] ?? []
        func names(_ argument: [String: Any]) -> [String] {
            (argument["names"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }
        let shown = arguments.filter { $0["shouldDisplay"] as? Bool != false }
        options = Set(shown.flatMap(names))
        refused = Set(arguments.flatMap(names)).subtracting(options)
        valued = Set(arguments.filter { $0["kind"] as? String == "option" }.flatMap(names))
        let places = arguments.filter { $0["kind"] as? String == "positional" }
        let repeats = places.contains { $0["isRepeating"] as? Bool == true }
        positionals = repeats ? .max : places.count
        children = (node["subcommands"] as? [[String: Any]] ?? []).compactMap { child in
            guard let name = child["commandName"] as? String, name != "help" else { return nil }
            return ProgramCommand(child, path: path + [name])
        }
    }
}
