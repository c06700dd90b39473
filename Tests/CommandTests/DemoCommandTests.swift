// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dr2net demo` refuses before it fetches anything; what it does is tested with its task.
@Suite("Demo command") struct DemoCommandTests {
    @Test func aFolderWithARunIsOneLine() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("", as: "recipe.yaml")
        let run = try CommandRun(["demo", "--run", folder.path])
        #expect(run.code == 1)
        #expect(
            run.complaint == "dr2net: \(folder.path): holds a run already; go on with it by dr2net "
                + "tad train --resume \(folder.path), or choose another folder with --run\n")
    }

    @Test(arguments: [
        ["--set", "no.key=1"], ["--set", "steps"], ["--full", "--set", "steps=many"],
        ["--set", "way=sideways"],
    ])
    func badOverridesAreOneLineAndLeaveNothing(options: [String]) throws {
        let folder = try TemporaryFolder()
        let run = try CommandRun(["demo", "--run", folder.path("run")] + options)
        #expect(run.code == 1 && run.output.isEmpty, "\(run.complaint)")
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
        #expect(try folder.names().isEmpty)
    }
}
