// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
import Files
import Foundation
import Recipes
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

/// A folder with the features of two films and their annotations.
///
/// One channel says whether the action is on, two are noise.
private final class FeatureFixture {
    let path: String
    static let annotations = #"""
        {"database": {
         "a": {"subset": "training", "duration": 20, "fps": 8,
          "annotations": [{"segment": [3, 9], "label": "up"}]},
         "b": {"subset": "training", "duration": 12, "fps": 8,
          "annotations": [{"segment": [6, 10], "label": "up"}]},
         "gone": {"subset": "training", "duration": 12, "annotations": []},
         "c": {"subset": "validation", "duration": 16, "fps": 8,
          "annotations": [{"segment": [4, 8], "label": "up"}]}}}
        """#

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "dr2net-features-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(Self.annotations.utf8).write(to: URL(filePath: path + "/annotations.json"))
        for (name, seconds, on) in [("a", 20, 3..<9), ("v_b", 12, 6..<10), ("c", 16, 4..<8)] {
            // Two vectors a second, the first in the middle of the first half second.
            let noise = Tensor(normal: [2 * seconds, 2], key: RandomKey(seed: 1).child(name)).floats
            var values: [Float] = []
            for row in 0..<2 * seconds {
                values += [on.contains(row / 2) ? 3 : 0, noise[2 * row], noise[2 * row + 1]]
            }
            try Npy.write(Tensor(values, shape: [2 * seconds, 3]), to: "\(path)/\(name).npy")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func recipe(_ overrides: [String] = []) throws -> TemporalRecipe {
        let text = """
            steps: 60
            way: frozen
            data: {annotations: annotations.json, features: ., featureStride: 4, windowLength: 32}
            head: {name: actionformer, channels: 16, heads: 2, stemBlocks: 1, windows: [5, 5, 5],
              dropPath: 0, initialNormalizer: 10}
            optimizer: {headLearningRate: 0.003}
            """
        let file = path + "/recipe.yaml"
        try Data(text.utf8).write(to: URL(filePath: file))
        return try TemporalRecipe(
            RecipeDocument(path: file, overrides: overrides), dataFolder: "/data")
    }

    func files(_ recipe: TemporalRecipe) throws -> FeatureFiles {
        try FeatureFiles(
            #require(recipe.data.features), annotations: .read(recipe.data.annotations[0]))
    }

    func train(_ recipe: TemporalRecipe) throws -> (folder: String, result: RunResult) {
        let folder = try RunFolder.create(
            path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        return (
            folder.path,
            try TemporalTask.run(recipe, folder: folder, progress: ProgressLine(.quiet)).result
        )
    }
}

@Suite("Feature mode") struct FeatureModeTests {
    private static let vsgn = [
        "head={name: vsgn, channels: 32, levels: 3, neighbours: 4, towerDepth: 1}",
        "postProcessing.minimumScore=0.0001",
    ]

    /// What training says before its first step; the folder must hold no metrics then.
    private func complaint(_ fixture: FeatureFixture, _ overrides: [String]) throws -> String {
        let recipe = try fixture.recipe(overrides + ["steps=1"])
        let folder = try RunFolder.create(
            fixture.path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        do {
            _ = try TemporalTask.run(recipe, folder: folder, progress: ProgressLine(.quiet))
            return "no error"
        } catch {
            #expect(try folder.metrics().isEmpty)
            return "\(error)"
        }
    }

    @Test func subsetsWithoutVideosOrSegmentsAreFoundBeforeTheFirstStep() throws {
        let fixture = try FeatureFixture()
        #expect(
            try complaint(fixture, ["data.validationSubset=test"]).contains(
                "no usable video is in subset \"test\"; expected one of \"training\", "
                    + "\"validation\": correct data.validationSubset"))
        let bare = FeatureFixture.annotations.replacing(
            #"[{"segment": [4, 8], "label": "up"}]"#, with: "[]")
        try Data(bare.utf8).write(to: URL(filePath: fixture.path + "/annotations.json"))
        #expect(
            try complaint(fixture, []).contains(
                "none of the 1 usable videos of subset \"validation\" has a segment to score "
                    + "against"))
        #expect(
            try complaint(
                fixture, ["data.validationSubset=training", "data.trainingSubset=validation"]
            ).contains("of subset \"validation\" has a segment to learn from"))
    }

    @Test func aValidationVideoWithoutClassScoresIsFoundBeforeTheFirstStep() throws {
        let fixture = try FeatureFixture()
        try Data(#"{"class": ["up"], "results": {"a": [1]}}"#.utf8).write(
            to: URL(filePath: fixture.path + "/scores.json"))
        #expect(
            try complaint(fixture, ["postProcessing.videoScores=\(fixture.path)/scores.json"])
                .contains(
                    "no scores of video c; expected some for every video"))
    }

    @Test func classesOfOneSideAloneTrainAndEndWithAReport() throws {
        let fixture = try FeatureFixture()
        let mixed = FeatureFixture.annotations.replacing(
            #"[{"segment": [4, 8], "label": "up"}]"#,
            with: #"[{"segment": [4, 8], "label": "down"}]"#)
        try Data(mixed.utf8).write(to: URL(filePath: fixture.path + "/annotations.json"))
        let (folder, result) = try fixture.train(fixture.recipe(["steps=1"]))
        #expect(result.scores["mAP"] != nil)
        for name in ["predictions.json", "summary.json", "report.html"] {
            #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(name)")
        }
    }

    @Test func filesAreFoundAndWhatIsMissingIsTold() throws {
        let fixture = try FeatureFixture()
        let files = try fixture.files(fixture.recipe())
        #expect(files.width == 3)
        #expect(files.videos.map(\.id) == ["a", "b", "c"])
        #expect(files.videos.map(\.count) == [40, 24, 32])
        #expect(files.videos[0].clock == VideoClock(rate: 2, offset: 0.5))
        #expect(files.skipped.map(\.id) == ["gone"])
        #expect(files.skipped[0].reason.contains("no file gone.npy"))
        #expect(try files.features(1).shape == [24, 3])
    }

    @Test func damagedFilesAreLeftOut() throws {
        let fixture = try FeatureFixture()
        let path = fixture.path + "/a.npy"
        let whole = try Data(contentsOf: URL(filePath: path))
        try whole.prefix(whole.count - 5).write(to: URL(filePath: path))
        try Npy.write(Tensor(zeros: [4, 2]), to: fixture.path + "/v_b.npy")
        try Npy.write(Tensor(zeros: [4]), to: fixture.path + "/gone.npy")
        let files = try fixture.files(fixture.recipe(["data.featureWidth=3"]))
        #expect(files.videos.map(\.id) == ["c"])
        #expect(files.skipped[0].reason.contains("cut off or damaged"))
        #expect(files.skipped[1].reason.contains("expected [vectors, 3]"))
        #expect(files.skipped[2].reason.contains("shape [4]"))
    }

    @Test func aFixedLengthFillsTheVideo() throws {
        let fixture = try FeatureFixture()
        let recipe = try fixture.recipe([
            "data.featureLength=10", "data.featureStride=null", "data.windowLength=null",
        ])
        let files = try fixture.files(recipe)
        #expect(recipe.data.windowPositions == 10)
        #expect(try files.features(0).shape == [10, 3])
        // Position p of 10 over 20 s is at (p + 0.5) * 2 s.
        let seconds = files.videos[0].clock.window(first: 0)
        let target = try #require(
            seconds.target(
                Item(Segment(start: 3, end: 20), label: 0), length: 10, minimumVisible: 0.5))
        #expect(target.place == Segment(start: 1, end: 9.5))
        #expect(seconds.seconds(target.place, duration: 20) == Segment(start: 3, end: 20))
    }

    @Test(arguments: [[], vsgn])
    func aHeadLearnsFromFilesAndPredictsFromThem(_ head: [String]) throws {
        let fixture = try FeatureFixture()
        let recipe = try fixture.recipe(head)
        let (folder, result) = try fixture.train(recipe)
        #expect(result.lastLoss < 0.7 * result.firstLoss)
        #expect(try RunDescription.read(folder).featureWidth == 3)
        // A file alone says nothing of its frame rate: the recipe must.
        var warnings: [String] = []
        let unknown = try TemporalPredictor(
            run: folder, dataFolder: "", warn: { warnings.append($0) })
        #expect(throws: InputError.self) {
            try unknown.detections(
                in: fixture.path + "/c.npy", report: { _, _ in }, warn: { _ in })
        }
        let known = try fixture.train(
            fixture.recipe(head + ["data.framesPerSecond=8", "steps=2"])
        ).folder
        let found = try TemporalPredictor(run: known, dataFolder: "", warn: { _ in })
            .detections(in: fixture.path + "/c.npy", report: { _, _ in }, warn: { _ in })
        #expect(found.id == "c" && !found.detections.isEmpty && warnings.isEmpty)
        #expect(found.detections.allSatisfy { $0.segment.end <= 16 && $0.label == "up" })
    }

    /// What `extract` writes beside a file gives its times; a table has no lengths of videos.
    @Test func extractedFeaturesNeedNoFurtherWords() throws {
        let fixture = try FeatureFixture()
        for (name, seconds) in [("a", 20), ("v_b", 12), ("c", 16)] {
            let text = """
                {"framesPerSecond": 8, "featureStride": 4, "featureOffset": 0.5,
                 "vectors": \(2 * seconds), "duration": \(seconds), "backbone": "one",
                 "source": "any"}
                """
            try Data(text.utf8).write(
                to: URL(filePath: "\(fixture.path)/\(name).features.json"))
        }
        let table = "video,start,end,label,subset\na,3,9,up,training\nc,4,8,up,validation\n"
        try Data(table.utf8).write(to: URL(filePath: fixture.path + "/t.csv"))
        let (folder, result) = try fixture.train(
            fixture.recipe([
                "data.annotations=\(fixture.path)/t.csv", "data.featureStride=null", "steps=2",
            ]))
        #expect(result.scores["mAP"] != nil)
        let predictor = try TemporalPredictor(run: folder, dataFolder: "", warn: { _ in })
        let file = fixture.path + "/v_b.npy"
        let found = try predictor.detections(in: file, report: { _, _ in }, warn: { _ in })
        #expect(found.id == "v_b" && !found.detections.isEmpty)
        #expect(found.detections.allSatisfy { $0.segment.end <= 12 })
        // Of another network with as many channels.
        let path = fixture.path + "/v_b.features.json"
        let other = try String(contentsOfFile: path, encoding: .utf8).replacing("one", with: "two")
        try Data(other.utf8).write(to: URL(filePath: path))
        #expect(throws: InputError.self) {
            try predictor.detections(in: file, report: { _, _ in }, warn: { _ in })
        }
    }

    @Test func theActionIsFound() throws {
        let fixture = try FeatureFixture()
        let result = try fixture.train(
            fixture.recipe(["steps=150", "data.sampling=videos"])
        ).result
        #expect((result.scores["mAP@0.50"] ?? 0) > 0.4, "\(result.scores)")
    }

    /// The moving normaliser of ActionFormer's losses is part of a checkpoint.
    @Test func aResumedRunGivesTheSameBits() throws {
        let fixture = try FeatureFixture()
        let recipe = try fixture.recipe([
            "steps=6", "checkpoint.every=3", "checkpoint.keep=3", "head.dropPath=0.2",
        ])
        let folder = try fixture.train(recipe).folder
        let last = URL(filePath: folder + "/checkpoint-000006.safetensors")
        let wanted = try Data(contentsOf: last)
        try FileManager.default.removeItem(at: last)
        _ = try TemporalTask.run(
            recipe, folder: RunFolder.open(folder), progress: ProgressLine(.quiet))
        #expect(try Data(contentsOf: last) == wanted)
    }

    @Test func scoresOfVideosNameTheSegments() throws {
        let fixture = try FeatureFixture()
        let file = fixture.path + "/scores.json"
        let scores = #"{"class": ["down", "up", "side"], "results": {"c": [0.1, 0.64, 0.2]}}"#
        try Data(scores.utf8).write(to: URL(filePath: file))
        let named = try VideoScores(file, count: 2, labels: ["up", "side"])
        let found = try named.named(
            [Item(Segment(start: 1, end: 2), label: 0, score: 0.25)],
            video: "c")
        #expect(found.map(\.label) == [0, 1])
        #expect(abs(found[0].score - 0.4) < 1e-12)
        #expect(throws: InputError.self) { try named.named([], video: "d") }
        #expect(throws: InputError.self) {
            try VideoScores(file, count: 2, labels: ["unheard of"])
        }
        let recipe = try fixture.recipe(["postProcessing.videoScores=\(file)", "steps=2"])
        let detector = try TemporalDetector(recipe, labels: ["a", "b", "c"], featureWidth: 3)
        let head = try #require(detector.head as? ActionFormerHead)
        #expect(head.configuration.classCount == 1)
        #expect(try fixture.train(recipe).result.scores["mAP"] != nil)
    }

    @Test(arguments: [
        (["way=dr2net"], "set way: frozen"), (["backbone.name=swin-tiny"], "remove one of them"),
        (["memoryBudget=1GiB"], "leave no backbone whose memory"),
        (["data.size=112"], "unknown key data.size"),
        (["data.featureStride=null", "data.framesPerSecond=8"], "without data.featureStride"),
        (["head.windows=[5, 4.5]"], "whole numbers"), (["head.channels=15"], "a multiple of heads"),
        (["head.rangeBounds=[0, 8, 4, 9]"], "rising numbers"),
        (["head.name=bmn"], "one of vsgn, actionformer"),
        (["data.cropRatio=[0.5, 1]"], "unknown key data.cropRatio"),
    ])
    func contradictionsAreRefused(overrides: [String], expected: String) throws {
        let fixture = try FeatureFixture()
        let error = #expect(throws: InputError.self) { try fixture.recipe(overrides) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func aDrawnPartShowsAnAction() throws {
        let fixture = try FeatureFixture()
        var data = try fixture.recipe().data
        data.windowFrames = 32
        data.minimumVisible = 0.5
        let action = Segment(start: 200, end: 210)
        for seed in 0..<50 {
            let window = TrainingWindow(
                showing: [action], videoFrames: 400, crop: 0.9...1, data: data,
                key: RandomKey(seed: 9).child(seed))
            let first = try #require(window.frames.first)
            #expect(window.frames == Array(first..<first + 32))
            #expect(min(Double(first + 31), 210) - max(Double(first), 200) >= 5)
            let short = TrainingWindow(
                showing: [], videoFrames: 20, crop: 0.5...0.75, data: data,
                key: RandomKey(seed: 10).child(seed))
            #expect((10...15).contains(short.frames.count))
        }
    }

    @Test(arguments: [
        (#""label": "up""#, #""label": "down""#, "class 0 \"up\" is now \"down\"; put back"),
        (
            "[6, 10]", "[6, 11]",
            "step 1: the training videos changed"
        ),
        ("[4, 8]", "[3, 8]", "step 1: the validation videos changed"),
        (
            #""b": {"subset": "training""#, #""b": {"subset": "other""#,
            "training samples 3 -> 2; the training videos changed"
        ),
    ])
    func changedAnnotationsAreNotResumed(old: String, new: String, says: String) throws {
        let fixture = try FeatureFixture()
        let recipe = try fixture.recipe(["steps=1"])
        let folder = try fixture.train(recipe).folder
        func resume() throws {
            _ = try TemporalTask.run(
                recipe, folder: try RunFolder.open(folder), progress: ProgressLine(.quiet))
        }
        try resume()
        try FeatureFixture.annotations.replacingOccurrences(of: old, with: new)
            .write(toFile: fixture.path + "/annotations.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: InputError.self) { try resume() }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        #expect(try RunDescription.read(folder).labels == ["up"])
    }

    @Test("The class layer begins anew where the classes are others", arguments: [[], vsgn])
    func anotherNumberOfClasses(head: [String]) throws {
        let fixture = try FeatureFixture()
        let first = try fixture.train(fixture.recipe(["steps=1"] + head)).folder
        try FeatureFixture.annotations
            .replacingOccurrences(
                of: #"[3, 9], "label": "up""#, with: #"[3, 9], "label": "down""#
            )
            .write(toFile: fixture.path + "/annotations.json", atomically: true, encoding: .utf8)
        let recipe = try fixture.recipe(["steps=1", "startFrom=\(first)"] + head)
        let said = SaidLines()
        let folder = try RunFolder.create(fixture.path + "/second", recipe: recipe.resolved)
        _ = try TemporalTask.run(
            recipe, folder: folder,
            progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add))
        let text = said.text
        #expect(
            text.contains("has 1 classes, this run 2: the class layer begins anew (head."),
            "\(text)")
        #expect(!text.contains("random weights"))
    }
}
