// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dr2net detect` from pictures to scores.
@Suite("Detection runs", .serialized) struct DetectionTrainTests {
    /// Pictures in the portable pixmap format with bright squares, and a finished run.
    private static let shared: Result<(TemporaryFolder, CommandRun), any Error> = Result {
        let folder = try TemporaryFolder()
        atexit {
            if case .success(let (folder, _)) = DetectionTrainTests.shared { folder.remove() }
        }
        try write(folder)
        return (
            folder,
            try CommandRun([
                "detect", "train", folder.path("recipe.yaml"), "--run", folder.path("run"),
                "--quiet", "--json",
            ])
        )
    }

    /// Writes two pictures of bright squares, their annotations and a recipe.
    static func write(_ folder: TemporaryFolder) throws {
        let (width, height) = (80, 64)
        var images: [String] = [], boxes: [String] = []
        for number in 0..<2 {
            var pixels = [UInt8](repeating: 70, count: 3 * width * height)
            for square in 0..<3 {
                let (x, y, side) = (4 + 24 * square, 8 + 16 * number + 6 * square, 12)
                for row in y..<y + side {
                    for column in x..<x + side { pixels[3 * (row * width + column)] = 240 }
                }
                boxes.append(
                    "{\"id\": \(boxes.count + 1), \"image_id\": \(number + 10), "
                        + "\"category_id\": 7, \"bbox\": [\(x), \(y), \(side), \(side)], "
                        + "\"area\": 144, \"iscrowd\": 0}")
            }
            images.append(
                "{\"id\": \(number + 10), \"file_name\": \"\(number).ppm\", \"width\": \(width), "
                    + "\"height\": \(height)}")
            try (Data("P6 \(width) \(height) 255\n".utf8) + Data(pixels)).write(
                to: URL(fileURLWithPath: folder.path("\(number).ppm")))
        }
        try Data(
            ("{\"images\": [\(images.joined(separator: ","))], \"categories\": [{\"id\": 7, "
                + "\"name\": \"square\"}], \"annotations\": [\(boxes.joined(separator: ","))]}")
                .utf8
        ).write(to: URL(fileURLWithPath: folder.path("boxes.json")))
        try Data(
            """
            task: detect
            steps: 5
            data: {trainingAnnotations: boxes.json, trainingImages: ., validationAnnotations: boxes.json, validationImages: ., size: 64, tileOverlap: 16}
            backbone: {name: vit-tiny-16}
            pyramid: {channels: 16}
            head: {towerDepth: 1, normalizationGroups: 4, assigner: nwd, boxLoss: nwd}
            inference: {scoreThreshold: 0.001, maxDetections: 40}
            optimizer: {headLearningRate: 0.003, backboneLearningRate: 0.0003}
            schedule: {backboneStart: 2}
            """.utf8
        ).write(to: URL(fileURLWithPath: folder.path("recipe.yaml")))
    }

    private func finished() throws -> TemporaryFolder {
        let (folder, run) = try DetectionTrainTests.shared.get()
        try #require(run.code == 0, "\(run.complaint)")
        return folder
    }

    private func object(_ path: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("a run folder holds recipe, metrics, checkpoint, scores and a picture")
    func runFolderHoldsEverything() throws {
        let folder = try finished()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
        #expect(
            Set(names.filter { !$0.hasPrefix("events.out.tfevents.") }).subtracting([".lock"]) == [
                "checkpoint-000005.safetensors", "detections.png", "detections-2.png",
                "environment.json", "metrics.jsonl", "model.json", "predictions.json",
                "recipe.yaml", "report.html", "summary.json",
            ])
        let summary = try #require(
            try object(folder.path("run/summary.json")) as? [String: Any])
        let scores = try #require(summary["scores"] as? [String: Double])
        #expect(scores["AP50"] != nil && scores["plain.AP50"] != nil)
    }

    @Test("the summary's scores are those of evaluate on the run's predictions")
    func summaryAgreesWithEvaluate() throws {
        let folder = try finished()
        let summary = try #require(
            try object(folder.path("run/summary.json")) as? [String: Any])
        let scores = try #require(summary["scores"] as? [String: Double])
        let run = try CommandRun([
            "detect", "evaluate", "--ground-truth", folder.path("boxes.json"), "--predictions",
            folder.path("run/predictions.json"), "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        let found = try run.object()
        for key in ["AP", "AP50", "AP75", "APs", "AR100"] {
            let value = try #require(found[key] as? Double)
            #expect(try abs(#require(scores[key]) - value) < 1e-9, "\(key)")
        }
    }

    @Test("predict gives the run's own detections again, numbers of the index, pictures, VisDrone")
    func predictAgreesWithTheRun() throws {
        let folder = try finished()
        let run = try CommandRun([
            "detect", "predict", "--run", folder.path("run"), folder.path("0.ppm"),
            folder.path("1.ppm"), "--index", folder.path("boxes.json"), "--output",
            folder.path("found.json"), "--draw", folder.path("drawn"), "--visdrone",
            folder.path("lines"), "--quiet",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        func boxes(_ name: String) throws -> [[Double]] {
            let list = try #require(try object(folder.path(name)) as? [[String: Any]])
            return try list.map { one in
                let box = try #require(one["bbox"] as? [Double])
                return box + [
                    try #require(one["score"] as? Double),
                    Double(try #require(one["image_id"] as? Int)),
                    Double(try #require(one["category_id"] as? Int)),
                ]
            }
        }
        let found = try boxes("found.json")
        let own = try boxes("run/predictions.json")
        #expect(!found.isEmpty && found == own)
        #expect(Set(found.map { $0[5] }).isSubset(of: [10, 11]) && found.allSatisfy { $0[6] == 7 })
        let lines = try String(contentsOfFile: folder.path("lines/0.txt"), encoding: .utf8)
        #expect(lines.split(separator: "\n").count == found.filter { $0[5] == 10 }.count)
        #expect(lines.split(separator: "\n").allSatisfy { $0.split(separator: ",").count == 8 })
        #expect(FileManager.default.fileExists(atPath: folder.path("drawn/1.png")))
    }

    @Test("numbers are those of the file that --index names, by path and by class name")
    func predictFollowsTheIndex() throws {
        let folder = try finished()
        for (name, source) in [("a", "0.ppm"), ("b", "1.ppm")] {
            let place = folder.path("index/\(name)")
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)
            try Data(contentsOf: URL(fileURLWithPath: folder.path(source))).write(
                to: URL(fileURLWithPath: place + "/0001.ppm"))
        }
        // No annotations, another number for the class, images in another order.
        let index = try folder.write(
            """
            {"images": [{"id": 5, "file_name": "b/0001.ppm"}, {"id": 8, "file_name": "a/0001.ppm"}],
             "categories": [{"id": 1, "name": "circle"}, {"id": 42, "name": "square"}]}
            """, as: "index.json")
        let predict = ["detect", "predict", "--run", folder.path("run"), "--quiet"]
        let run = try CommandRun(
            predict + [folder.path("index/*/*.ppm"), "--index", index, "--json"])
        try #require(run.code == 0, "\(run.complaint)")
        let list = try #require(try run.json() as? [[String: Any]])
        #expect(Set(list.compactMap { $0["category_id"] as? Int }) == [42])
        let own = try #require(
            try object(folder.path("run/predictions.json")) as? [[String: Any]])
        for (number, former) in [(8, 10), (5, 11)] {
            #expect(
                list.filter { $0["image_id"] as? Int == number }.map { $0["bbox"] as? [Double] }
                    == own.filter { $0["image_id"] as? Int == former }.map {
                        $0["bbox"] as? [Double]
                    })
        }
        let twice = try folder.write(
            #"{"images": [{"id": 1, "file_name": "0001.ppm"}], "categories": []}"#,
            as: "twice.json")
        let refused = try CommandRun(
            predict + [folder.path("index/a"), folder.path("index/b"), "--index", twice])
        #expect(refused.code == 1 && refused.output.isEmpty)
        #expect(refused.complaint.contains("are both image 0001.ppm"), "\(refused.complaint)")
    }

    @Test("bad images are listed, the others written, and places are checked first")
    func predictKeepsGoing() throws {
        let folder = try finished()
        let bad = try folder.write("P6 80 64 255\nshort", as: "bad.ppm")
        let (first, output) = (folder.path("0.ppm"), folder.path("going.json"))
        let predict = ["detect", "predict", "--run", folder.path("run"), "--quiet"]
        let going = try CommandRun(
            predict + [bad, first, "--keep-going", "--output", output, "--json"])
        #expect(going.code == 1 && going.complaintLines.count == 2, "\(going.complaint)")
        #expect(going.complaint.contains("1 of 2 images could not be read"))
        let list = try #require(try object(output) as? [[String: Any]])
        #expect(!list.isEmpty && list.allSatisfy { $0["image_id"] as? Int == 2 })
        #expect((try going.json() as? [[String: Any]])?.count == list.count)
        #expect(try !folder.names().contains("going.json.partial"))

        let ended = try CommandRun(
            predict + [first, bad, "--output", folder.path("ended.json")])
        #expect(ended.code == 1 && ended.complaintLines.count == 1, "\(ended.complaint)")
        #expect(try !folder.names().contains("ended.json"))
        let partial = try #require(
            try object(folder.path("ended.json.partial")) as? [[String: Any]])
        #expect(partial.count == list.count)

        let copy = try folder.write(
            try Data(contentsOf: URL(fileURLWithPath: first)), as: "same.png")
        for (options, text) in [
            (["--draw", folder.path], "is the input"), (["--output", copy], ".json"),
            (["--output", folder.path("none/x.json")], "there is no folder"),
        ] {
            let refused = try CommandRun(predict + [copy] + options)
            #expect(refused.code == 1 && refused.complaint.contains(text), "\(refused.complaint)")
        }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: copy))
                == Data(contentsOf: URL(fileURLWithPath: first)))
    }

    @Test("a kill in the middle leaves a whole file of the images before")
    func predictKilled() throws {
        let folder = try finished()
        let stuck = folder.path("stuck.ppm")
        try unsafe #require(mkfifo(stuck, 0o600) == 0)
        defer { unsafe unlink(stuck) }
        let output = folder.path("killed.json")
        let process = try CommandProcess([
            "detect", "predict", "--run", folder.path("run"), folder.path("0.ppm"), stuck,
            "--output", output, "--quiet",
        ])
        try process.wait(forLines: 3, in: output + ".partial")
        process.kill()
        #expect(!FileManager.default.fileExists(atPath: output))
        let found = try #require(try object(output + ".partial") as? [[String: Any]])
        let own = try #require(
            try object(folder.path("run/predictions.json")) as? [[String: Any]])
        #expect(found.count == own.filter { $0["image_id"] as? Int == 10 }.count)
    }

    @Test("preview draws the training inputs") func previewDraws() throws {
        let folder = try finished()
        let run = try CommandRun([
            "detect", "preview", folder.path("recipe.yaml"), "--output", folder.path("sheet.png"),
            "--count", "3", "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["inputs"] as? Int == 3)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path("sheet.png")))
        #expect(Array(bytes.prefix(4)) == [0x89, 0x50, 0x4E, 0x47])
    }

    @Test("a run that stopped goes on to the same weights") func resumedRunsAreEqual() throws {
        let folder = try finished()
        let options = ["--set", "checkpoint.every=2", "--set", "checkpoint.keep=9", "--quiet"]
        let whole = try CommandRun(
            ["detect", "train", folder.path("recipe.yaml"), "--run", folder.path("whole")]
                + options)
        #expect(whole.code == 0, "\(whole.complaint)")
        let last = folder.path("whole/checkpoint-000005.safetensors")
        let expected = try Data(contentsOf: URL(fileURLWithPath: last))
        for step in [4, 5] {
            try FileManager.default.removeItem(
                atPath: folder.path("whole/checkpoint-00000\(step).safetensors"))
        }
        let resumed = try CommandRun([
            "detect", "train", "--resume", folder.path("whole"), "--quiet",
        ])
        #expect(resumed.code == 0, "\(resumed.complaint)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: last)) == expected)
    }

    @Test("the backbone is exported as an ordinary checkpoint") func exports() throws {
        let folder = try finished()
        let run = try CommandRun([
            "backbone", "export", "--run", folder.path("run"), "--output",
            folder.path("backbone.safetensors"), "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["arrays"] as? Int == 150)
    }

    @Test(
        "bad recipes end with one line that says what to do",
        arguments: [
            ("data.size=65", "size"), ("head.assigner=best", "fcos, atss, rfla, nwd"),
            ("data.trainingImages=nowhere", "nowhere"), ("head.towers=3", "unknown key"),
            ("backbone.name=video-swin-tiny", "takes clips"), ("data.tileOverlap=64", "less than"),
            ("evaluate.maxDetections=[10, 5]", "rising"), ("pyramid.channels=18", "divide"),
            ("data.classes=[circle]", "square"),
        ])
    func badRecipes(change: String, word: String) throws {
        let folder = try finished()
        let run = try CommandRun([
            "detect", "train", folder.path("recipe.yaml"), "--run", folder.path("bad"), "--set",
            change, "--quiet",
        ])
        #expect(run.code == 1)
        #expect(run.complaint.contains(word), "\(run.complaint)")
        #expect(run.complaint.split(separator: "\n").count == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.path("bad")))
    }

    @Test("runs of other tasks and damaged images are refused in one line")
    func wrongInputs() throws {
        let folder = try finished()
        let other = try CommandRun([
            "tad", "predict", "--run", folder.path("run"), folder.path("0.ppm"), "--quiet",
        ])
        #expect(other.code == 1 && other.complaint.contains("dr2net detect"), "\(other.complaint)")
        try Data("P6 80 64 255\nshort".utf8).write(
            to: URL(fileURLWithPath: folder.path("cut.ppm")))
        let cut = try CommandRun([
            "detect", "predict", "--run", folder.path("run"), folder.path("cut.ppm"), "--quiet",
        ])
        #expect(cut.code == 1 && cut.complaint.contains("cut.ppm"), "\(cut.complaint)")
    }
}
