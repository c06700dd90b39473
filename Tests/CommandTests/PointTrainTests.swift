// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// `dr2net points train` and `predict` on a small labelled cloud and on small shapes.
@Suite("Point training") struct PointTrainTests {
    /// A cloud of 12 x 12 x 2 points, classes by height, and a recipe for it.
    func scenes(_ more: String = "") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        _ = try folder.write(PointCloudText.ply(side: 12), as: "a.ply")
        _ = try folder.write(
            """
            task: points
            steps: 6
            batchSize: 2
            data:
              source: a.ply
              classes: {ground: [2], building: [6]}
              split: {axis: x, at: 6}
              grid: 0.5
              radius: 4
              spheres: 8
              points: 128
              features: [position, intensity]
              scoreWithout: [building]
            \(PointTrainTests.rest)
            \(more)
            """, as: "recipe.yaml")
        return folder
    }

    private static let rest = """
        backbone: {name: vit-tiny-16}
        network: {neighbours: 8, hidden: [16]}
        optimizer: {headLearningRate: 0.002}
        checkpoint: {every: 3, keep: 5}
        """

    private func train(_ folder: TemporaryFolder, _ run: String, _ more: [String] = []) throws
        -> CommandRun
    {
        try CommandRun(
            ["points", "train", folder.path("recipe.yaml"), "--run", folder.path(run), "--quiet"]
                + more)
    }

    private func last(_ folder: TemporaryFolder, _ run: String) throws -> Data {
        try #require(
            FileManager.default.contents(
                atPath: folder.path(run) + "/checkpoint-000006.safetensors"))
    }

    // Above 5 s: two trainings and a prediction by the program.
    @Test func aResumedRunEndsInTheSameBitsAndPredicts() throws {
        let folder = try scenes()
        let whole = try train(folder, "whole", ["--json"])
        try #require(whole.code == 0, "\(whole.complaint)")
        let result = try whole.object()
        let scores = try #require(result["scores"] as? [String: Double])
        for key in ["mIoU", "mAcc", "OA", "IoU ground", "mIoU without building", "plain.mIoU"] {
            #expect((0...1).contains(scores[key] ?? -1), "\(key)")
        }
        let baselines = try #require(result["baselines"] as? [String: [String: Double]])
        #expect(baselines.keys.sorted() == ["height alone", "majority class"])
        #expect(baselines["height alone"]?["mIoU"] == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("whole"))
        for name in ["cloud.png", "confusion.svg", "points.json", "summary.json", "model.json"] {
            #expect(names.contains(name), "\(name)")
        }

        // The same from the checkpoint of step 3, with another number of threads.
        let half = folder.path("half")
        try FileManager.default.copyItem(atPath: folder.path("whole"), toPath: half)
        try FileManager.default.removeItem(atPath: half + "/checkpoint-000006.safetensors")
        let resumed = try CommandRun([
            "points", "train", "--resume", half, "--quiet", "--threads", "1",
        ])
        #expect(resumed.code == 0, "\(resumed.complaint)")
        #expect(try last(folder, "half") == last(folder, "whole"))

        let output = folder.path("a.las")
        let predicted = try CommandRun([
            "points", "predict", "--run", folder.path("whole"), folder.path("a.ply"), "--output",
            output, "--json", "--quiet",
        ])
        try #require(predicted.code == 0, "\(predicted.complaint)")
        let list = try #require(try predicted.json() as? [[String: Any]])
        let counts = try #require(list.first?["points"] as? [String: Int])
        #expect(counts.values.reduce(0, +) == 288)
        // A link to the input, and two inputs of one name.
        let link = folder.path("link.ply")
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: folder.path("a.ply"))
        let source = try Data(contentsOf: URL(fileURLWithPath: folder.path("a.ply")))
        let second = folder.path("a.npy")
        try Npy.write(Tensor(zeros: [4, 3]), to: second)
        let predict = ["points", "predict", "--run", folder.path("whole"), "--quiet"]
        for (options, text) in [
            ([folder.path("a.ply"), "--output", link], "is the input"),
            ([folder.path("a.ply"), second, "--folder", folder.path("new")], "both be written to"),
            ([folder.path("a.ply"), "--output", folder.path("x.png")], "expected .las or .ply"),
        ] {
            let refused = try CommandRun(predict + options)
            #expect(refused.code == 1 && refused.complaint.contains(text), "\(refused.complaint)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("a.ply"))) == source)
        #expect(!FileManager.default.fileExists(atPath: folder.path("new")))
        let bad = try folder.write("no cloud", as: "bad.ply")
        let going = try CommandRun(
            predict + [bad, folder.path("a.ply"), "--folder", folder.path("new"), "--keep-going"])
        #expect(going.code == 1 && going.complaintLines.count == 2, "\(going.complaint)")
        #expect(FileManager.default.fileExists(atPath: folder.path("new/a.predicted.ply")))

        let view = try CommandRun([
            "points", "view", output, "--output", folder.path("a.png"), "--color", "label",
            "--quiet",
        ])
        #expect(view.code == 0, "\(view.complaint)")

        let export = try CommandRun([
            "backbone", "export", "--run", folder.path("whole"), "--output",
            folder.path("e.safetensors"),
        ])
        #expect(export.code == 1 && export.complaint.contains("points predict") == false)
        #expect(export.complaint.contains("keeps the blocks of vit-tiny-16"), "\(export.complaint)")
    }

    @Test(arguments: ["frozen", "conventional"])
    func frozenBlocksStayAndTheEmbeddingTrains(way: String) throws {
        let folder = try scenes()
        let run = try train(
            folder, "run",
            ["--set", "way=\(way)", "--set", "steps=2", "--set", "checkpoint.every=1", "--json"])
        try #require(run.code == 0, "\(run.complaint)")
        let scores = try #require(try run.object()["scores"] as? [String: Double])
        #expect(scores["OA"] != nil && scores["plain.OA"] == nil)
        let states = try [1, 2].map {
            try Safetensors.read(folder.path("run") + "/checkpoint-00000\($0).safetensors")
        }
        func stays(_ name: String) throws -> Bool {
            let values = try states.map { try #require($0["model." + name]) }
            return values[0].isIdentical(to: values[1])
        }
        #expect(try stays("encoder.blocks.3.attn.qkv.weight") == (way == "frozen"))
        #expect(try stays("encoder.cls_token") == (way == "frozen"))
        for name in [
            "encoder.patch_embed.convs.0.0.0.0.weight", "encoder.pos_embed.1.weight",
            "decoder.decoder.0.0.convs.0.1.running_mean", "head.head.2.0.bias",
        ] {
            #expect(try !stays(name), "\(name)")
        }
    }

    @Test func shapesAreClassified() throws {
        let folder = try TemporaryFolder()
        // Flat and upright sheets of different sizes.
        for (name, isFlat) in [("flat", true), ("upright", false)] {
            for (part, count) in [("train", 4), ("test", 2)] {
                let path = folder.path("models/\(name)/\(part)")
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
                for index in 0..<count {
                    let a = 1 + index
                    let corners =
                        isFlat
                        ? "0 0 0\n\(a) 0 0\n\(a) 0 \(a)\n0 0 \(a)"
                        : "0 0 0\n\(a) 0 0\n\(a) \(a) 0\n0 \(a) 0"
                    _ = try folder.write(
                        "OFF\n4 2 0\n\(corners)\n3 0 1 2\n3 0 2 3\n",
                        as: "models/\(name)/\(part)/\(name)_\(index).off")
                }
            }
        }
        _ = try folder.write(
            """
            task: points
            steps: 2
            batchSize: 2
            data:
              kind: modelnet
              source: models
              surfacePoints: 128
              points: 64
            \(PointTrainTests.rest)
            """, as: "recipe.yaml")
        let run = try train(folder, "run", ["--json"])
        try #require(run.code == 0, "\(run.complaint)")
        let scores = try #require(try run.object()["scores"] as? [String: Double])
        #expect(scores["OA"] != nil && scores["mIoU"] == nil && scores["accuracy flat"] != nil)
        let arguments = [
            "points", "predict", "--run", folder.path("run"),
            folder.path("models/flat/test/flat_0.off"), "--json",
        ]
        let predicted = try CommandRun(arguments)
        try #require(predicted.code == 0, "\(predicted.complaint)")
        let list = try #require(try predicted.json() as? [[String: Any]])
        let chances = try #require(list.first?["probabilities"] as? [String: Double])
        #expect(abs(chances.values.reduce(0, +) - 1) < 1e-6 && chances.count == 2)
        let refused = try CommandRun(arguments + ["--output", folder.path("x.las")])
        #expect(refused.code == 1 && refused.complaintLines.count == 1)
    }

    @Test func faultsAreOneLine() throws {
        let folder = try scenes()
        for (setting, text) in [
            ("backbone.name=swin-tiny", "no class token"), ("network.stages=5", "network.stages"),
            ("network.neighbors=3", "network.neighbours"), ("loss.smoothing=1", "loss.smoothing"),
            ("memoryBudget=10MiB", "memoryBudget"), ("data.split.at=99", "validation"),
            ("loss.classWeights=some", "classWeights"),
        ] {
            let run = try train(folder, "run", ["--set", setting])
            #expect(run.code == 1 && run.complaintLines.count == 1, "\(run.complaint)")
            #expect(run.complaint.contains(text), "\(setting): \(run.complaint)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("run")), "\(setting)")
        }
        let other = try CommandRun([
            "points", "predict", "--run", folder.path("nowhere"), folder.path("a.ply"),
        ])
        #expect(other.code == 1 && other.complaintLines.count == 1, "\(other.complaint)")
    }
}
