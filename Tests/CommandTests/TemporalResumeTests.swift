// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A run that was interrupted goes on to the bits of one that wasn't.
@Suite("Temporal resuming") struct TemporalResumeTests {
    private static let steps = 46, backboneStart = 40

    /// Interrupted after `lines` steps: while the head trains alone, or the backbone too.
    // Above 5 s: three runs of the program for each case.
    @Test(arguments: [4, backboneStart + 2])
    func interruptedRunEndsInTheSameBits(lines: Int) throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(
            steps: TemporalResumeTests.steps, backboneStart: TemporalResumeTests.backboneStart)
        let whole = try data.train(recipe, "whole")
        try #require(whole.code == 0, "\(whole.complaint)")

        let run = data.folder.path("run")
        let process = try CommandProcess(["tad", "train", recipe, "--run", run, "--quiet"])
        try process.wait(forLines: lines, in: run + "/metrics.jsonl")
        process.interrupt()
        #expect(process.code() == 1)
        let complaint = process.complaint
        #expect(complaint.split(separator: "\n").count == 1, "\(complaint)")
        let match = try #require(
            complaint.firstMatch(of: /interrupted after step (\d+) of 46/), "\(complaint)")
        let step = try #require(Int(match.1))
        #expect((step < TemporalResumeTests.backboneStart) == (lines == 4))
        #expect(complaint.contains("--resume \(run)"))
        #expect(
            try data.names(of: "run").contains(
                "checkpoint-0000\(step < 10 ? "0" : "")\(step).safetensors"))
        #expect(try !data.names(of: "run").contains { $0.hasSuffix(".tmp") })

        let resumed = try CommandRun(["tad", "train", "--resume", run, "--quiet"])
        #expect(resumed.code == 0, "\(resumed.complaint)")
        #expect(try data.comparableMetrics(of: "run") == data.comparableMetrics(of: "whole"))
        func last(_ run: String) throws -> Data {
            try Data(
                contentsOf: URL(
                    fileURLWithPath: data.folder.path(run) + "/checkpoint-000046.safetensors"))
        }
        #expect(try last("run") == last("whole"))
        for name in ["predictions.json", "timeline.svg"] {
            let files = ["run", "whole"].map {
                FileManager.default.contents(atPath: data.folder.path($0) + "/" + name)
            }
            #expect(files[0] != nil && files[0] == files[1], "\(name)")
        }
    }

    @Test func aSecondProcessIsTurnedAway() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 100_000, backboneStart: 0)
        let run = data.folder.path("run")
        let process = try CommandProcess(["tad", "train", recipe, "--run", run, "--quiet"])
        try process.wait(forLines: 1, in: run + "/metrics.jsonl")
        for arguments in [["--resume", run], [recipe, "--run", run]] {
            let second = try CommandRun(["tad", "train", "--quiet"] + arguments)
            #expect(second.code == 1)
            #expect(second.complaintLines.count == 1, "\(second.complaint)")
            #expect(second.complaint.contains("in use by process"), "\(second.complaint)")
        }
        process.interrupt()
        #expect(process.code() == 1)
        // The first one's files are whole.
        let steps = try data.metrics(of: "run").compactMap { $0["step"] as? Int }
        #expect(steps == Array(1...steps.count))
    }

    @Test func anotherRecipeIsNotResumed() throws {
        let data = try TemporalDataset()
        let run = data.folder.path("run")
        let recipe = try data.recipe(steps: 1)
        #expect(try data.train(recipe, "run").code == 0)
        // Its own recipe may stand beside it.
        let own = try CommandRun(["tad", "train", recipe, "--resume", run, "--quiet"])
        #expect(own.code == 0, "\(own.complaint)")
        let before = try data.checkpoint(of: "run")
        let resumed = try CommandRun([
            "tad", "train", "--resume", run, "--quiet", "--set", "batchSize=2",
        ])
        #expect(resumed.code == 1)
        #expect(resumed.complaintLines.count == 1, "\(resumed.complaint)")
        #expect(
            resumed.complaint.contains(
                "holds a run of another recipe: batchSize is 2, the run has 1; go on with"),
            "\(resumed.complaint)")
        #expect(try data.checkpoint(of: "run") == before)
    }
}
