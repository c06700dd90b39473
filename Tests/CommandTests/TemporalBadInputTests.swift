// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Bad data, recipes and places are code 1 with one line, and leave no run behind.
@Suite("Temporal bad input") struct TemporalBadInputTests {
    /// Trains, which must fail with one line that contains `expected`, and leave no run folder.
    private func expectRefused(
        _ data: TemporalDataset, _ recipe: String, _ more: [String] = [], _ expected: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let run = try data.train(recipe, "refused", more)
        #expect(run.code == 1, sourceLocation: sourceLocation)
        #expect(run.output.isEmpty, sourceLocation: sourceLocation)
        #expect(run.complaintLines.count == 1, "\(run.complaint)", sourceLocation: sourceLocation)
        #expect(
            run.complaint.contains(expected), "\(run.complaint)", sourceLocation: sourceLocation)
        #expect(try !data.folder.names().contains("refused"), sourceLocation: sourceLocation)
    }

    @Test(
        arguments: [
            ([7, 9], "beyond", "segment [7, 9]"), ([3, 1], "reversed", "segment [3, 1]"),
            ([2, 2], "empty", "segment [2, 2]"), (["NaN", "3"], "notFinite", "NaN"),
            (["x", 3], "wrongType", "segment"),
        ] as [([any Sendable], String, String)])
    func faultyAnnotationsAreRefused(segment: [any Sendable], kind: String, found: String) throws {
        let data = try TemporalDataset()
        let file = try data.folder.write(
            TemporalDataset.annotations("c") {
                $0["annotations"] = [["segment": segment, "label": "bright"] as [String: Any]]
            }, as: "faulty.json")
        let recipe = try data.recipe(annotations: "faulty.json")
        try expectRefused(data, recipe, [], found)
        let evaluation = try CommandRun([
            "tad", "evaluate", "--ground-truth", file, "--predictions", file,
        ])
        #expect(evaluation.code == 1 && evaluation.complaintLines.count == 1)
    }

    /// Whether decoded or only checked.
    @Test(arguments: [[], ["--check"]]) func whereNoVideoIsUsablePreparationFails(
        _ more: [String]
    ) throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe()
        for film in TemporalDataset.films {
            try FileManager.default.removeItem(atPath: data.folder.path(film.id + ".y4m"))
        }
        let run = try CommandRun(["tad", "prepare", recipe] + more)
        #expect(run.code == 1 && run.complaint.contains("no file a.y4m"), "\(run.complaint)")
    }

    @Test func repeatedAnnotationsAreRefusedOrLeftOut() throws {
        let data = try TemporalDataset()
        let twice = ["segment": [1, 3], "label": "bright"] as [String: Any]
        _ = try data.folder.write(
            TemporalDataset.annotations("c") { $0["annotations"] = [twice, twice] },
            as: "twice.json")
        let recipe = try data.recipe(steps: 1, annotations: "twice.json")
        try expectRefused(data, recipe, [], "annotation 0 again")
        let run = try data.train(recipe, "kept", ["--set", "data.keepGoing=true"])
        #expect(run.code == 0, "\(run.complaint)")
    }

    @Test(arguments: [
        ("steps=many", "steps"), ("data.windowFrame=16", "data.windowFrames"),
        ("data.size=40", "multiples of 16"), ("backbone.name=vit-huge", "vit-tiny-16"),
        ("memoryBudget=1MiB", "needs at least"), ("memoryBudget=lots", "memoryBudget"),
        ("data.windowFrames=0", "windowFrames"), ("data.framesPerSecond=nan", "framesPerSecond"),
        ("head.channels=33", "multiple of 32"), ("data.trainingSubset=none", "none"),
        ("task=detect", "tad"), ("data.annotations=missing.json", "missing.json"),
    ])
    func faultyRecipesAreRefused(setting: String, expected: String) throws {
        let data = try TemporalDataset()
        try expectRefused(data, try data.recipe(), ["--set", setting], expected)
    }

    @Test func noLabelsAreRefused() throws {
        let data = try TemporalDataset()
        let empty = #"{"database":{"a":{"subset":"training","duration":8,"source":"a.y4m"}}}"#
        _ = try data.folder.write(empty, as: "empty.json")
        try expectRefused(data, try data.recipe(annotations: "empty.json"), [], "no labels")
    }

    @Test func framesOfAnotherRateAreRefused() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe()
        let prepared = ["--set", "data.prepared=\(data.folder.path("frames"))"]
        #expect(try CommandRun(["tad", "prepare", recipe] + prepared).code == 0)
        try expectRefused(
            data, recipe, prepared + ["--set", "data.framesPerSecond=8"], "prepared at 4")
    }

    // Above 5 s: a preparation and a training by the program for each case.
    @Test(arguments: ["missing", "empty", "garbage", "short"])
    func aBadFilmIsLeftOut(kind: String) throws {
        let data = try TemporalDataset()
        let film = data.folder.path("b.y4m")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: film))
        try FileManager.default.removeItem(atPath: film)
        switch kind {
        case "empty": _ = try data.folder.write(Data(), as: "b.y4m")
        case "garbage": _ = try data.folder.write(Data(bytes.shuffled()), as: "b.y4m")
        case "short": _ = try data.folder.write(bytes.prefix(5 * 1036), as: "b.y4m")
        default: break
        }
        let recipe = try data.recipe(steps: 1)
        if kind != "short" {
            let refused = try CommandRun(["tad", "prepare", recipe, "--quiet"])
            #expect(refused.code == 1 && refused.complaintLines.count == 1)
            #expect(refused.complaint.contains("1 of 3 videos can't be used"))
        }
        let prepared = try CommandRun(["tad", "prepare", recipe, "--json", "--keep-going"])
        #expect(prepared.code == 0, "\(prepared.complaint)")
        let object = try prepared.object()
        let skipped = (object["skipped"] as? [[String: String]] ?? []).compactMap { $0["id"] }
        let videos = object["videos"] as? [[String: Any]] ?? []
        let padded = videos.first { $0["id"] as? String == "b" }?["warnings"] as? Int ?? 0
        #expect(skipped == ["b"] || (kind == "short" && padded > 0), "\(object)")
        #expect(try data.train(recipe, "run").code == 0)
        let predicted = try CommandRun([
            "tad", "predict", "--run", data.folder.path("run"), film, "--quiet", "--output",
            data.folder.path("p.json"),
        ])
        if kind != "short" {
            #expect(predicted.code == 1 && predicted.complaintLines.count == 1)
            #expect(try !data.folder.names().contains("p.json"))
        }
    }

    @Test func placesThatCannotBeWrittenAreOneLine() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 1)
        let file = try data.folder.write("x", as: "file")
        for place in ["/proc/none/run", file, file + "/run"] {
            let run = try CommandRun(["tad", "train", recipe, "--run", place, "--quiet"])
            #expect(run.code == 1)
            #expect(run.complaintLines.count == 1, "\(run.complaint)")
        }
        #expect(try data.train(recipe, "run").code == 0)
        let full = try CommandRun([
            "tad", "predict", "--run", data.folder.path("run"), data.folder.path("c.y4m"),
            "--quiet", "--output", "/dev/full",
        ])
        #expect(full.code == 1)
        #expect(full.complaintLines.count == 1 && full.complaint.contains("disk is full"))
    }

    @Test func predictionsOfUnknownVideosAndLabelsAreReported() throws {
        let data = try TemporalDataset()
        let predictions = #"""
            {"results": {"c": [{"segment": [1, 3], "label": "bright", "score": 0.9},
             {"segment": [1, 3], "label": "purple", "score": 0.8}],
             "zz": [{"segment": [1, 3], "label": "bright", "score": 0.95}]}}
            """#
        let run = try CommandRun([
            "tad", "evaluate", "--ground-truth", data.folder.path("annotations.json"),
            "--predictions", try data.folder.write(predictions, as: "p.json"), "--subset",
            "validation", "--tiou", "0.5",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(run.output.contains("purple") && run.output.contains("zz"), "\(run.output)")
    }
}
