// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The recipes that come with the program: by name, from any folder.
@Suite("Recipe commands") struct RecipeCommandTests {
    @Test func listNamesEveryTask() throws {
        let rows = try #require(
            try CommandRun(["recipe", "list", "--json"]).json() as? [[String: Any]])
        #expect(Set(rows.compactMap { $0["task"] as? String }) == ["tad", "detect", "points"])
        let text = try CommandRun(["recipe", "list"]).output
        for row in rows { #expect(text.contains("  \(row["name"] as? String ?? "?") ")) }
    }

    @Test func showPrintsTheFileAsItIs() throws {
        let object = try CommandRun(["recipe", "show", "trees", "--json"]).object()
        let path = try #require(object["path"] as? String)
        let file = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try CommandRun(["recipe", "show", "trees"]).output == file)
        #expect(object["text"] as? String == file)
    }

    @Test func copyRefusesToReplace() throws {
        let folder = try TemporaryFolder()
        let copy = folder.path("mine.yaml")
        let first = try CommandRun(["recipe", "copy", "modelnet40", "--to", copy])
        #expect(first.code == 0)
        #expect(first.output == "\(copy)\n\(folder.path("scanobjectnn.yaml"))\n")
        let second = try CommandRun(["recipe", "copy", "trees", "--to", copy])
        #expect(second.code == 1)
        #expect(
            second.complaint
                == "dr2net: \(copy): is there already; name another file with --to\n")
    }

    /// Each command that reads a recipe takes a name, says where the recipe lies, and goes on to
    /// what the recipe lacks here: its data.
    @Test(arguments: [
        ["tad", "train", "big-buck-bunny"], ["tad", "prepare", "big-buck-bunny"],
        ["tad", "extract", "big-buck-bunny", "--output", "OUT"], ["detect", "train", "trees"],
        ["detect", "preview", "trees", "--output", "OUT.png"], ["points", "train", "lidar"],
        ["points", "prepare", "lidar"],
    ])
    func commandsTakeNames(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        var arguments = arguments.map { $0.hasPrefix("OUT") ? folder.path($0) : $0 }
        if arguments[1] == "train" { arguments += ["--run", folder.path("run")] }
        let run = try CommandRun(arguments)
        #expect(run.code == 1)
        let first = try #require(run.complaintLines.first)
        #expect(first.hasPrefix("recipe \(arguments[2]): /"), "\(run.complaint)")
        #expect(first.hasSuffix("/recipes/\(arguments[2]).yaml"))
        #expect(run.complaint.contains("data"), "\(run.complaint)")
        #expect(try folder.names().isEmpty)
    }

    @Test func anUnknownNameGetsTheNearest() throws {
        for arguments in [["recipe", "show", "tres"], ["detect", "train", "tres"]] {
            let run = try CommandRun(arguments)
            #expect(run.code == 1)
            #expect(run.complaintLines.count == 1)
            #expect(run.complaint.contains("did you mean \"trees\"?"), "\(run.complaint)")
        }
    }
}
