// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// Standard output carries the result alone: JSON with `--json`, a text for people otherwise.
@Suite("Results") struct ResultTests {
    @Test(arguments: [
        ["info"], ["data", "list"], ["data", "show", "test-clips"], ["backbone", "list"],
        ["backbone", "show", "vit-tiny-16"], ["recipe", "list"], ["recipe", "show", "trees"],
    ])
    func jsonIsAllThereIs(arguments: [String]) throws {
        let run = try CommandRun(arguments + ["--json"])
        #expect(run.code == 0)
        _ = try run.json()
        #expect(run.complaint.isEmpty)
        let text = try CommandRun(arguments)
        #expect(text.code == 0)
        #expect(!text.output.isEmpty && !text.output.hasPrefix("{") && !text.output.hasPrefix("["))
    }

    @Test func infoSaysWhatMeasurementsDependOn() throws {
        let facts = try CommandRun(["info", "--json", "--threads", "3"]).object()
        #expect(facts["threads"] as? Int == 3)
        let levels = try #require(facts["availableLevels"] as? [String])
        #expect(levels.first == "base")
        #expect(levels.contains(try #require(facts["instructionLevel"] as? String)))
        for key in ["version", "blasKernel", "ffmpeg", "system", "memoryBytes"] {
            #expect(facts[key] != nil, "\(key)")
        }
        let places = try #require(facts["places"] as? [String: Any])
        let recipes = try #require(places["recipes"] as? [String: Any])
        #expect((recipes["folder"] as? String)?.hasSuffix("/tasks") == true)
        #expect((places["executable"] as? String)?.hasSuffix("/dr2net") == true)
    }

    @Test func backbonesHaveTheirNames() throws {
        let rows = try #require(
            try CommandRun(["backbone", "list", "--json"]).json() as? [[String: Any]])
        let names = rows.compactMap { $0["name"] as? String }
        #expect(names.contains("dinov2-small-14") && names.contains("vit-base-16"))
        for family in ["swin", "video-swin"] {
            for size in ["tiny", "small", "base"] { #expect(names.contains("\(family)-\(size)")) }
        }
        #expect(names.contains("videomae-small-16") && names.contains("videomae-base-16"))
        let clips = rows.filter { $0["inputLayout"] as? String == "[N, 3, T, H, W]" }
        #expect(clips.count == 5)
        let tiny = try #require(rows.first { $0["name"] as? String == "video-swin-tiny" })
        #expect(tiny["parameters"] as? Int == 28_158_070 - 400 * 769)
        #expect((tiny["families"] as? [String])?.first == "torchvision-video-swin")
        let small = try #require(rows.first { $0["name"] as? String == "dinov2-small-14" })
        // DINOv2 ViT-S/14 without its mask token.
        #expect(small["parameters"] as? Int == 22_056_576 - 384)
    }

    @Test func networksAreTreesOfModules() throws {
        let tree = try CommandRun(["backbone", "show", "dinov2-small-14", "--json"]).object()
        #expect(tree["parameterCount"] as? Int == 22_056_576 - 384)
        let children = try #require(tree["children"] as? [[String: Any]])
        #expect(
            children.compactMap { $0["type"] as? String }.count { $0 == "TransformerBlock" } == 12)
        let text = try CommandRun(["backbone", "show", "dinov2-small-14"]).output
        #expect(text.hasPrefix("VisionTransformer ") && text.contains("blocks.0-11 "))
    }

    @Test func clipIsTheFramesAtTheTimes() throws {
        let folder = try TemporaryFolder()
        let video = try folder.write(TestVideo.data(frames: 30), as: "film.y4m")
        let output = folder.path("clip.npy")
        let run = try CommandRun([
            "clip", video, "--start", "0.5", "--frames", "4", "--stride", "3", "--size", "16",
            "--output", output, "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["shape"] as? [Int] == [3, 4, 16, 16])
        let data = try Data(contentsOf: URL(fileURLWithPath: output))
        let values = unsafe data.suffix(3 * 4 * 256 * 4).withUnsafeBytes { bytes in
            (0..<3 * 4 * 256).map {
                unsafe bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
            }
        }
        let channel: [Float] = (0..<4).flatMap { (frame: Int) -> [Float] in
            [Float](repeating: Float(8 * (5 + 3 * frame)), count: 256)
        }
        let expected = channel + channel + channel
        #expect(values == expected)
    }

    private let groundTruth = """
        {"database": {"a": {"subset": "validation", "duration": 20, "annotations":
        [{"label": "run", "segment": [0, 10]}, {"label": "jump", "segment": [10, 12]}]}}}
        """
    private let predictions = """
        {"results": {"a": [{"label": "run", "segment": [0, 8], "score": 0.9}]}}
        """

    @Test func evaluationHasTheContractsKeys() throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "tad", "evaluate", "--ground-truth", try folder.write(groundTruth, as: "gt.json"),
            "--predictions", try folder.write(predictions, as: "p.json"), "--tiou", "0.5,0.9",
        ]
        let run = try CommandRun(arguments + ["--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let score = try run.object()
        #expect(score["mAP@0.50"] as? Double == 0.5)
        #expect(score["mAP@0.90"] as? Double == 0)
        #expect(score["mAP"] as? Double == 0.25)
        #expect((score["perClass"] as? [String: Any])?.keys.sorted() == ["jump", "run"])
        #expect(try CommandRun(arguments).output.contains("jump"))
    }

    @Test func missedBoundIsCode2WithTheResultPrinted() throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "tad", "evaluate", "--ground-truth", try folder.write(groundTruth, as: "gt.json"),
            "--predictions", try folder.write(predictions, as: "p.json"), "--tiou", "0.5",
            "--json",
        ]
        let missed = try CommandRun(arguments + ["--fail-below", "0.51"])
        #expect(missed.code == 2)
        #expect(try missed.object()["mAP"] as? Double == 0.5)
        #expect(missed.complaintLines.count == 1)
        let reached = try CommandRun(arguments + ["--fail-below", "0.5"])
        #expect(reached.code == 0)
        #expect(reached.complaint.isEmpty)
    }

    // Above 5 s: the program profiles real steps for each way.
    @Test(arguments: [
        ["--way", "conventional"], ["--way", "frozen"],
        ["--way", "dr2net", "--policy", "paper"],
    ])
    func profileHasTheContractsKeys(way: [String]) throws {
        let run = try CommandRun(
            [
                "backbone", "profile", "--backbone", "vit-tiny-16", "--input-shape", "1,3,32,32",
                "--steps", "1", "--json", "--quiet",
            ] + way)
        #expect(run.code == 0, "\(run.complaint)")
        #expect(run.complaint.isEmpty)
        let result = try run.object()
        let keys = [
            "stepSeconds", "gemmShare", "peakCountedBytes", "peakResidentBytes", "weightBytes",
            "gradientBytes", "optimizerBytes", "streamBytes", "remainderBytes", "checkpointBytes",
            "transientBytes", "blasKernel", "threads",
        ]
        for key in keys { #expect(result[key] != nil, "\(key)") }
        #expect((result["stepSeconds"] as? Double).map { $0 > 0 } == true)
        let isDual = way.contains("dr2net")
        // Two streams of 4-byte numbers over 5 tokens of 192 channels.
        #expect(result["streamBytes"] as? Int == (isDual ? 2 * 4 * 5 * 192 : 0))
        #expect(result["beta"] as? Double == (isDual ? 0.1 : nil))
    }

    @Test func profilePredictsEveryWay() throws {
        let arguments = [
            "backbone", "profile", "--backbone", "vit-tiny-16", "--input-shape", "2,3,32,32",
            "--steps", "1", "--quiet", "--way", "dr2net",
        ]
        let result = try CommandRun(arguments + ["--json"]).object()
        let plans = try #require(result["plans"] as? [[String: Any]])
        #expect(
            plans.map { $0["way"] as? String } == [
                "conventional", "checkpointed", "frozen", "dr2net", "dr2net, float",
            ])
        #expect(
            plans[3]["peakPredictedBytes"] as? Int == result["peakPredictedBytes"] as? Int)
        #expect(plans[0]["streamBytes"] as? Int == 0 && plans[4]["remainderBytes"] as? Int == 0)
        #expect(try CommandRun(arguments).output.contains("dr2net, float"))
    }

    @Test func profileMeasuresASmallerOptimizer() throws {
        func profile(_ further: [String]) throws -> [String: Any] {
            try CommandRun(
                [
                    "backbone", "profile", "--backbone", "vit-tiny-16", "--input-shape",
                    "2,3,32,32", "--steps", "1", "--quiet", "--way", "dr2net", "--json",
                ] + further
            ).object()
        }
        let plain = try profile([])
        let small = try profile(["--in-backward", "--moment-bits", "8"])
        func bytes(_ result: [String: Any], _ key: String) throws -> Double {
            Double(try #require(result[key] as? Int, "\(key)"))
        }
        let weights = try bytes(plain, "weightBytes")
        #expect(try bytes(small, "gradientBytes") == 0)
        #expect(try bytes(small, "optimizerBytes") < 0.27 * bytes(plain, "optimizerBytes"))
        for peak in ["peakCountedBytes", "peakPredictedBytes"] {
            #expect(try bytes(plain, peak) - bytes(small, peak) > 2.3 * weights, "\(peak)")
        }
        let ratio = try bytes(small, "peakPredictedBytes") / bytes(small, "peakCountedBytes")
        #expect(0.9...1.15 ~= ratio, "\(ratio)")
    }

    @Test func errorMapShowsWhereFloatReversalFails() throws {
        let folder = try TemporaryFolder(), picture = folder.path("map.svg")
        let run = try CommandRun([
            "backbone", "error-map", "--backbone", "vit-tiny-16", "--points", "2", "--output",
            picture, "--json", "--quiet",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        let result = try run.object()
        let points = try #require(result["points"] as? [[String: Double]])
        #expect(points.map { $0["alpha"] } == [0, 0, 1, 1])
        #expect(points.map { $0["beta"] } == [0.1, 1, 0.1, 1])
        #expect(points.allSatisfy { ($0["exact"] ?? 1) < 2e-5 }, "\(points)")
        // Wrong at the published start, right at its end.
        #expect((points[2]["float"] ?? 1) > 1e-2 && (points[1]["float"] ?? 1) < 2e-5)
        #expect((result["ordinaryError"] as? Double ?? 1) < 2e-5)
        let path = try #require(result["path"] as? [[Double]])
        #expect(path.first == [1, 0.1] && path.last == [0, 1])
        #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("published schedule"))
    }

    @Test func surrogateComparesFeaturesAndGradients() throws {
        let folder = try TemporaryFolder(), picture = folder.path("input.npy")
        try Npy.write(Tensor(normal: [1, 3, 32, 32], key: RandomKey(seed: 5)), to: picture)
        // The other weights are random.
        let weights = folder.path("weights.safetensors")
        var state = StateDict()
        for block in 0..<12 {
            for (name, width) in [
                ("attn.qkv", 576), ("attn.proj", 192), ("mlp.fc1", 768), ("mlp.fc2", 192),
            ] {
                state["blocks.\(block).\(name).bias"] = Tensor(zeros: [width])
            }
        }
        try Safetensors.write(state, to: weights)
        let arguments = [
            "backbone", "surrogate", "--backbone", "vit-tiny-16", "--weights", weights,
            "--allow-missing", "*", picture, "--quiet",
        ]
        let run = try CommandRun(arguments + ["--gradients", "--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let points = try #require(try run.object()["points"] as? [[String: Any]])
        let balanced = points.filter { $0["line"] as? String == "balanced" }
        let cosines = balanced.compactMap { $0["gradientCosine"] as? Double }
        #expect(cosines.count == balanced.count && cosines == cosines.sorted(by: >))
        #expect((cosines.first ?? 0) > 0.999 && (cosines.last ?? 1) < 0.9)
        let plain = try CommandRun(arguments)
        #expect(plain.output.contains("balanced") && !plain.output.contains("gradients"))
    }
}
