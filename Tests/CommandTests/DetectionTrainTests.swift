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

    private static func write(_ folder: TemporaryFolder) throws {
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
                "checkpoint-000005.safetensors", "detections.png", "environment.json",
                "metrics.jsonl", "model.json", "predictions.json", "recipe.yaml", "report.html",
                "summary.json",
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
