// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Testing

/// The short form of Benchmarks/kill_and_resume: what SIGKILL and a full disk leave.
@Suite("Killed runs") struct KillTests {
    /// Waits until a checkpoint is being written, and no longer than the run goes on.
    private func waitForACheckpoint(_ run: String, _ process: CommandProcess) {
        while process.isRunning {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? []
            if names.contains(where: { $0.hasPrefix(".checkpoint-") }) { return }
            usleep(500)
        }
    }

    /// Trains until a checkpoint is larger than the shell lets files be, and gives the one line.
    private func trainOnAFullDisk(_ arguments: [String], kibibytes: Int) throws -> String {
        let (code, complaint) = try CommandRun.runProgram(
            "/bin/bash",
            [
                "-c", "ulimit -f \(kibibytes); exec \"$@\"", "bash",
                try #require(CommandRun.program),
            ] + arguments)
        #expect(code == 1)
        #expect(complaint.split(separator: "\n").count == 1, "\(complaint)")
        return complaint
    }

    // Above 5 s: four runs of the program.
    @Test("A run killed twice, with a full disk between, has the bits of an undisturbed one")
    func killsAndAFullDiskLeaveTheBits() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 6, extra: "checkpoint: {every: 2, keep: 2}")
        let whole = try data.train(recipe, "whole")
        try #require(whole.code == 0, "\(whole.complaint)")
        let last = "checkpoint-000006.safetensors"
        func bytes(_ name: String) throws -> Data {
            try #require(FileManager.default.contents(atPath: data.folder.path(name)), "\(name)")
        }
        func checkpoints() throws -> [String] {
            try data.names(of: "run").filter { $0.contains("checkpoint-") }
        }

        // Killed after the step behind its first checkpoint.
        let run = data.folder.path("run")
        let automatic = ["tad", "train", recipe, "--run", run, "--resume", "auto", "--quiet"]
        let first = try CommandProcess(automatic)
        try first.wait(forLines: 3, in: run + "/metrics.jsonl")
        first.kill()
        #expect(try checkpoints().contains("checkpoint-000002.safetensors"))
        for name in try checkpoints() where name.hasSuffix(".safetensors") {
            _ = try Safetensors.read("\(run)/\(name)")
        }
        for name in try checkpoints() where name != "checkpoint-000002.safetensors" {
            try FileManager.default.removeItem(atPath: "\(run)/\(name)")
        }

        // The second checkpoint holds the backbone's moments too.
        let complaint = try trainOnAFullDisk(
            automatic, kibibytes: try bytes("whole/" + last).count / 2 / 1024)
        #expect(complaint.contains("/run/checkpoint-000004.safetensors: cannot write: "))
        #expect(
            complaint.contains(
                "; the checkpoint of step 2 is whole; then go on with --resume \(run)"))
        #expect(try checkpoints() == ["checkpoint-000002.safetensors"])

        // Killed while it writes a checkpoint.
        let second = try CommandProcess(["tad", "train", "--resume", run, "--quiet"])
        waitForACheckpoint(run, second)
        second.kill()
        let end = try CommandRun(automatic)
        #expect(end.code == 0, "\(end.complaint)")
        for name in [last, "predictions.json", "recipe.yaml", "model.json"] {
            #expect(try bytes("run/" + name) == bytes("whole/" + name), "\(name)")
        }
        #expect(try data.comparableMetrics(of: "run") == data.comparableMetrics(of: "whole"))
        #expect(try !data.names(of: "run").contains { $0.hasSuffix(".tmp") })

        let other = try CommandRun(automatic + ["--set", "batchSize=2"])
        #expect(other.code == 1)
        #expect(other.complaintLines.count == 1, "\(other.complaint)")
        #expect(other.complaint.contains("holds a run of another recipe"))
    }

    @Test("auto needs a recipe and a folder")
    func autoNeedsAFolder() throws {
        for arguments in [["a.yaml"], ["--run", "b"]] {
            let run = try CommandRun(["tad", "train", "--resume", "auto"] + arguments)
            #expect(run.code == 64)
            #expect(run.complaint.contains("--resume auto needs the recipe and --run DIR"))
        }
    }
}
