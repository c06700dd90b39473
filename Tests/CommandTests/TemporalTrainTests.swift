// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// `dr2net tad` from films to scores.
@Suite("Temporal runs", .serialized) struct TemporalTrainTests {
    /// The data set with a run in `run`, made once and gone with the process.
    private static let shared: Result<(TemporalDataset, CommandRun), any Error> = Result {
        let data = try TemporalDataset()
        atexit {
            if case .success(let (data, _)) = TemporalTrainTests.shared { data.folder.remove() }
        }
        return (data, try data.train(try data.recipe(), "run"))
    }

    /// The data set with a finished run in `run`.
    private func finished() throws -> TemporalDataset {
        let (data, run) = try TemporalTrainTests.shared.get()
        try #require(run.code == 0, "\(run.complaint)")
        return data
    }

    @Test func runFolderHoldsEverything() throws {
        let data = try finished()
        #expect(
            try data.names(of: "run") == [
                "checkpoint-000006.safetensors", "environment.json", "metrics.jsonl",
                "model.json", "predictions.json", "recipe.yaml", "report.html", "summary.json",
                "timeline.svg",
            ])
        let svg = try String(contentsOfFile: data.folder.path("run/timeline.svg"), encoding: .utf8)
        #expect(svg.hasPrefix("<svg") || svg.hasPrefix("<?xml"))
        #expect(svg.contains("bright"))
    }

    @Test func metricsHaveTheDocumentedKeys() throws {
        let lines = try finished().metrics(of: "run")
        #expect(lines.map { $0["step"] as? Int } == [1, 2, 3, 4, 5, 6, 6])
        let keys: Set = [
            "step", "epoch", "loss", "losses", "learningRates", "gradientNorm", "alpha", "beta",
            "seconds", "loadSeconds", "liveBytes", "peakBytes", "residentPeakBytes",
        ]
        for line in lines.dropLast() { #expect(Set(line.keys) == keys) }
        #expect(Set(try #require(lines.last).keys) == ["step", "seconds", "evaluation"])
        for (line, factor) in zip(lines, [1.0, 1, 1]) {
            let rates = try #require(line["learningRates"] as? [String: Double])
            #expect(rates["head"] == 0.003 * factor)
        }
        let rates = lines.dropLast().compactMap { $0["learningRates"] as? [String: Double] }
        #expect(rates.prefix(2).allSatisfy { $0["backbone"] == 0 })
        #expect(rates.dropFirst(2).first.map { $0["backbone"] == 0.0003 } == true)
        // β goes from 1/16 to 1/2 over half of the four steps in which the backbone trains.
        let betas = lines.dropLast().compactMap { $0["beta"] as? Double }
        #expect(betas.first == 0.0625 && betas.last == 0.5)
        for line in lines.dropLast() {
            let alpha = try #require(line["alpha"] as? Double)
            let beta = try #require(line["beta"] as? Double)
            #expect(abs(alpha + beta - 1) < 1e-12)
        }
    }

    @Test func summaryAgreesWithEvaluate() throws {
        let data = try finished()
        let summary = try #require(
            JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: data.folder.path("run/summary.json"))))
                as? [String: Any])
        let keys = [
            "run", "way", "steps", "firstLoss", "lastLoss", "scores", "outcomes", "baselines",
            "peakCountedBytes", "peakResidentBytes", "stepSeconds",
        ]
        #expect(summary.keys.sorted() == keys.sorted())
        let scores = try #require(summary["scores"] as? [String: Double])
        let evaluated = try CommandRun([
            "tad", "evaluate", "--ground-truth", data.folder.path("annotations.json"),
            "--predictions", data.folder.path("run/predictions.json"), "--subset", "validation",
            "--tiou", "0.3,0.5", "--json",
        ])
        #expect(evaluated.code == 0, "\(evaluated.complaint)")
        // The file rounds times to 1 ms and scores to six digits; none of the matches is that close.
        for key in ["mAP", "mAP@0.30", "mAP@0.50"] {
            let value = try #require(try evaluated.object()[key] as? Double)
            #expect(try abs(#require(scores[key]) - value) < 1e-9, "\(key)")
            #expect(scores["plain." + key] != nil)
        }
        let last = try #require(
            try data.metrics(of: "run").last?["evaluation"] as? [String: Double])
        #expect(last == scores)
    }

    @Test func predictionsOfTheFilmAreThoseOfTheRun() throws {
        let data = try finished()
        let output = data.folder.path("predicted.json")
        let run = try CommandRun([
            "tad", "predict", "--run", data.folder.path("run"), data.folder.path("c.y4m"),
            "--output", output, "--quiet",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        func results(_ path: String) throws -> NSDictionary {
            let object = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: path)))
            return try #require((object as? [String: Any])?["results"] as? NSDictionary)
        }
        let predicted = try results(output)
        #expect(try predicted == results(data.folder.path("run/predictions.json")))
        let first = try #require((predicted["c"] as? [[String: Any]])?.first)
        #expect(Set(first.keys) == ["segment", "label", "score"])
    }

    @Test func severalFilmsGiveTablesAndSubtitles() throws {
        let data = try finished()
        func path(_ name: String) -> String { data.folder.path(name) }
        let damaged = try data.folder.write("no film", as: "damaged.mp4")
        let predict = ["tad", "predict", "--run", path("run"), "--quiet"]
        let run = try CommandRun(
            predict + [
                path("c.y4m"), damaged, path("b.y4m"), "--keep-going", "--csv", path("p.csv"),
                "--srt", path("srt"), "--subtitle-score", "0", "--json",
            ])
        #expect(run.code == 1)
        #expect(run.complaintLines.count == 2 && run.complaint.contains("1 of 3 videos"))
        let results = try #require(try run.object()["results"] as? [String: [[String: Any]]])
        #expect(Set(results.keys) == ["b", "c"])
        #expect(try !data.folder.names().contains { $0.hasSuffix(".partial") })
        let ended = try CommandRun(predict + [path("c.y4m"), damaged, "--output", path("e.json")])
        #expect(ended.code == 1 && ended.complaintLines.count == 1, "\(ended.complaint)")
        #expect(ended.complaint.contains("1 of 2 videos are in"))
        let kept = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path("e.json.partial"))))
        let videos = (kept as? [String: Any])?["results"] as? [String: [[String: Any]]]
        #expect(videos?["c"]?.count == results["c"]?.count && videos?.count == 1)
        let table = try String(contentsOfFile: path("p.csv"), encoding: .utf8)
        #expect(table.hasPrefix("video,start,end,label,score\nb,"))
        #expect(
            table.split(separator: "\n").count == 1 + results.values.reduce(0) { $0 + $1.count })
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path("srt")).sorted()
                == ["b.srt", "c.srt"])
        let subtitles = try String(contentsOfFile: path("srt") + "/b.srt", encoding: .utf8)
        #expect(subtitles.contains("1\n00:00:00,"))
        // Without --keep-going nothing is written.
        let stopped = try CommandRun(
            predict + [path("b.y4m"), damaged, "--csv", path("none.csv")])
        #expect(stopped.code == 1 && stopped.complaintLines.count == 1)
        #expect(!FileManager.default.fileExists(atPath: path("none.csv")))
        let other = try data.folder.write("no film", as: "b.mp4")
        defer { try? FileManager.default.removeItem(atPath: other) }
        let twice = try CommandRun(predict + [path("b.y4m"), other])
        #expect(twice.code == 1 && twice.complaint.contains("both called b"))
    }

    @Test func exportIsTheTrainedBackbone() throws {
        let data = try finished()
        let output = data.folder.path("backbone.safetensors")
        let run = try CommandRun([
            "backbone", "export", "--run", data.folder.path("run"), "--output", output, "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        let exported = try Safetensors.read(output)
        let trained = try Safetensors.read(data.folder.path("run/checkpoint-000006.safetensors"))
        #expect(exported.names.count == 150)
        for (name, tensor) in exported.tensors {
            #expect(trained["model.backbone." + name]?.isIdentical(to: tensor) == true, "\(name)")
        }
        // The export is weights for the next run.
        let recipe = try data.recipe(steps: 1, backboneStart: 0)
        let next = try data.train(recipe, "next", ["--set", "backbone.weights=\(output)"])
        #expect(next.code == 0, "\(next.complaint)")
    }

    @Test func everyNameOfACheckpointHasWholeParts() throws {
        let data = try finished()
        let state = try Safetensors.read(data.folder.path("run/checkpoint-000006.safetensors"))
        for name in state.names {
            #expect(!name.split(separator: ".", omittingEmptySubsequences: false).contains(""))
        }
    }

    // Above 5 s: a training by the program for each number of threads.
    @Test(arguments: ["1", "2"])
    func anotherRunGivesTheSameBits(threads: String) throws {
        let data = try finished()
        let run = try data.train(try data.recipe(), "again-\(threads)", ["--threads", threads])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(
            try data.comparableMetrics(of: "again-\(threads)")
                == data.comparableMetrics(of: "run"))
        #expect(try data.checkpoint(of: "again-\(threads)") == data.checkpoint(of: "run"))
        let own = try data.checkpoint(of: "run")
        let other = try data.train(try data.recipe(), "seed-\(threads)", ["--seed", "4"])
        #expect(other.code == 0)
        #expect(try data.checkpoint(of: "seed-\(threads)") != own)
    }

    @Test func prepareIsDoneOnce() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe()
        let first = try CommandRun(["tad", "prepare", recipe, "--json"])
        #expect(first.code == 0, "\(first.complaint)")
        #expect((try first.object()["videos"] as? [Any])?.count == 3)
        #expect(first.complaint.contains("/3 a: 32 frames"))
        let second = try CommandRun(["tad", "prepare", recipe])
        #expect(second.code == 0)
        #expect(second.complaintLines.allSatisfy { $0.hasSuffix("already there") })
        #expect(second.output.hasPrefix("3 videos, 68 frames in "))
    }
}
