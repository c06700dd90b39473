// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// Runs that begin with another run's weights.
@Suite("Starting from a run", .serialized) struct StartFromTests {
    /// The data set with a run `warm` in which the head alone was trained, and its recipe.
    private static let shared: Result<(TemporalDataset, String), any Error> = Result {
        let data = try TemporalDataset()
        atexit {
            if case .success(let (data, _)) = StartFromTests.shared { data.folder.remove() }
        }
        let recipe = try data.recipe(steps: 3, backboneStart: 3)
        let warm = try data.train(recipe, "warm")
        try #require(warm.code == 0, "\(warm.complaint)")
        return (data, recipe)
    }

    private func state(_ data: TemporalDataset, _ run: String, _ step: Int) throws -> StateDict {
        try Safetensors.read(data.folder.path(run) + "/checkpoint-00000\(step).safetensors")
    }

    @Test("Another way starts at the warm-up's weights, and again where it died at once")
    func anotherWayStartsFromTheSameWeights() throws {
        let way = "conventional"
        let (data, _) = try StartFromTests.shared.get()
        // Another seed: what isn't taken over would be drawn anew. The head stays as it is.
        let recipe = try data.recipe(way: way, steps: 1, backboneStart: 0)
        let more = [
            "--start-from", data.folder.path("warm"), "--seed", "9",
            "--set", "optimizer.headLearningRate=0",
        ]
        let run = try data.train(recipe, way, more)
        try #require(run.code == 0, "\(run.complaint)")
        let warm = try state(data, "warm", 3), started = try state(data, way, 1)
        let names = warm.names.filter { $0.hasPrefix("model.") }
        #expect(names == started.names.filter { $0.hasPrefix("model.") })
        for name in names {
            let a = try #require(warm[name]), b = try #require(started[name])
            if name.hasPrefix("model.head.") {
                #expect(a.isIdentical(to: b), "\(name)")
            } else {
                // One step of AdamW moves a weight by the rate at most, and decay.
                let furthest = zip(a.floats, b.floats).map { abs($0 - $1) }.max() ?? 0
                #expect(furthest < 3.3e-4, "\(name) moved by \(furthest)")
            }
        }
        let metrics = try data.metrics(of: way)
        #expect(metrics.first?["step"] as? Int == 1)
        let model = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: data.folder.path(way) + "/model.json")))
        let from = (model as? [String: Any])?["startedFrom"] as? [String: Any]
        #expect(from?["run"] as? String == data.folder.path("warm"))
        #expect(from?["step"] as? Int == 3)

        // Without its checkpoint, as if it had been killed at once, it starts from them again.
        let folder = data.folder.path(way)
        let before = try data.checkpoint(of: way)
        let description = try Data(contentsOf: URL(fileURLWithPath: folder + "/model.json"))
        for name in ["checkpoint-000001.safetensors", "model.json"] {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        let again = try CommandRun(["tad", "train", "--resume", folder, "--quiet"])
        #expect(again.code == 0, "\(again.complaint)")
        #expect(try data.checkpoint(of: way) == before)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/model.json")) == description)
    }

    @Test(
        "What doesn't fit is refused in one line, and the folder is free for the next try",
        arguments: [
            (["--set", "head.channels=64"], "misshaped (head."),
            (["--start-from", "/nowhere"], "/nowhere/model.json: missing or damaged"),
        ])
    func whatDoesNotFitIsRefused(more: [String], part: String) throws {
        let (data, recipe) = try StartFromTests.shared.get()
        var arguments = ["--start-from", data.folder.path("warm")]
        if more.first == "--start-from" { arguments = [] }
        let run = try data.train(recipe, "refused", arguments + more)
        #expect(run.code == 1)
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
        #expect(run.complaint.contains(part), "\(run.complaint)")
        #expect(!FileManager.default.fileExists(atPath: data.folder.path("refused")))
    }

    @Test func theOptionExcludesResume() throws {
        let run = try CommandRun(["tad", "train", "--resume", "a", "--start-from", "b"])
        #expect(run.code == 64)
        #expect(run.complaint.contains("--start-from and --resume exclude each other"))
    }
}
