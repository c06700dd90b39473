// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Console
import Files
import Foundation
import Layers
import Metrics
import SmallObjectDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("Detection task") struct DetectionTaskTests {
    private func train(
        _ fixture: DetectionFixture, _ overrides: [String]
    ) throws -> (
        losses: [Double], changed: (backbone: Bool, head: Bool), task: DetectionTask,
        findings: DetectionTask.Findings?, peak: Int
    ) {
        let recipe = try fixture.recipe(overrides)
        let (training, validation, classes) = try DetectionSplit.read(
            recipe.data, note: { _ in })
        let (detector, backbone) = try PyramidDetector.make(recipe, classes: classes.names.count)
        let before = detector.namedParameters.map(\.parameter.tensor)
        let task = try DetectionTask(
            recipe, detector: detector, backbone: backbone,
            images: try TrainingImages(training, recipe), validation: validation,
            classes: classes)
        let folder = try RunFolder.create(
            fixture.path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        let loop = try TrainingLoop(task, folder: folder, progress: ProgressLine(.quiet))
        try loop.run()
        func changed(_ prefix: String) -> Bool {
            zip(detector.namedParameters, before).contains {
                $0.name.hasPrefix(prefix) && !$0.parameter.tensor.isIdentical(to: $1)
            }
        }
        return (
            try folder.metrics().compactMap(\.loss), (changed("backbone."), changed("head.")), task,
            loop.findings, try folder.metrics().compactMap(\.peakBytes).max() ?? 0
        )
    }

    @Test(
        "the way decides whether the backbone trains",
        arguments: ["frozen", "conventional", "checkpointed", "dr2net"])
    func waysTrainTheBackbone(way: String) throws {
        let changed = try train(DetectionFixture(), ["way=\(way)", "steps=2"]).changed
        #expect(changed.head)
        #expect(changed.backbone == (way != "frozen"))
    }

    @Test("the backbone waits for its start") func backboneWaits() throws {
        let changed = try train(
            DetectionFixture(), ["steps=2", "schedule.backboneStart=2"]
        ).changed
        #expect(changed.head && !changed.backbone)
    }

    // Above 5 s: two trainings, long enough to find something.
    @Test("the loss falls and squares are found", arguments: ["swin-tiny", "vit-tiny-16"])
    func lossFalls(backbone: String) throws {
        let (losses, _, task, findings, _) = try train(
            DetectionFixture(),
            ["steps=25", "way=frozen", "backbone.name=\(backbone)", "batchSize=1"])
        let first = losses.prefix(5).reduce(0, +), last = losses.suffix(5).reduce(0, +)
        #expect(last < 0.7 * first, "\(losses)")
        let found = try #require(findings)
        let random = try #require(try task.baselines(found)["random boxes"]?["AP50"])
        let reached = try #require(task.scores(found).first { $0.name == "AP50" }?.value)
        #expect(reached > max(0.2, 2 * random), "AP50 \(reached), random \(random)")
    }

    @Test(
        "ignored classes are not scored, and what nothing was there for is no number",
        arguments: ["coco", "ai-tod", "visdrone"])
    func ignoredClassesAreLeftOut(standard: String) throws {
        let fixture = try DetectionFixture()
        let all = try String(contentsOfFile: fixture.path + "/all.json", encoding: .utf8)
        try all.replacing(
            "\"name\": \"square\"}", with: "\"name\": \"square\"}, {\"id\": 4, \"name\": \"blob\"}"
        ).replacing(
            "\"annotations\": [",
            with: "\"annotations\": [{\"id\": 99, \"image_id\": 7, \"category_id\": 4, "
                + "\"bbox\": [5, 5, 20, 20], \"area\": 400, \"iscrowd\": 0}, "
        ).write(toFile: fixture.path + "/two.json", atomically: true, encoding: .utf8)
        let trained = try train(
            fixture,
            [
                "steps=1", "way=frozen", "batchSize=1", "evaluate.protocol=\(standard)",
                "data.trainingAnnotations=\(fixture.path)/two.json",
                "data.validationAnnotations=\(fixture.path)/two.json",
                "data.ignoredClasses=[blob]",
            ])
        let task = trained.task, found = try #require(trained.findings)
        #expect(found.evaluation.classNames == ["square"])
        let scores = task.scores(found)
        #expect(scores.prefix(3).map(\.name) == ["AP", "AP50", "AP75"])
        #expect(scores.last?.name == "AP square")
        // No square has an area of COCO's middle or large size.
        let absent = standard == "coco" ? ["APm", "APl", "ARm", "ARl"] : []
        let names = Set(scores.map(\.name))
        let summary = Set(found.evaluation.scores.summary.map(\.name))
        #expect(absent.allSatisfy { summary.contains($0) && !names.contains($0) })
        #expect(scores.allSatisfy { $0.value >= 0 })
        let random = try #require(try task.baselines(found)["random boxes"])
        #expect(random["AP"] != nil && random.values.allSatisfy { $0 >= 0 })
        #expect(absent.allSatisfy { random[$0] == nil })
    }

    @Test("an ample budget runs whole branches, one that is too small says what would do")
    func budgetsPickTiles() throws {
        let fixture = try DetectionFixture()
        #expect(try train(fixture, ["steps=1", "memoryBudget=1GiB"]).task.tile == nil)
        let error = #expect(throws: InputError.self) {
            _ = try train(fixture, ["steps=1", "memoryBudget=20MiB"])
        }
        #expect(error?.description.contains("needs at least") == true)
    }

    @Test("a budget counts no gradients and moments of what is frozen")
    func budgetsKnowFrozenParameters() throws {
        let fixture = try DetectionFixture()
        let budget = ["steps=1", "memoryBudget=60MiB"]
        #expect(throws: InputError.self) { _ = try train(fixture, budget) }
        let frozen = budget + ["optimizer.freeze=[\"backbone.*\"]"]
        let changed = try train(fixture, frozen).changed
        #expect(changed.head && !changed.backbone)
    }

    // Above 5 s: whole steps of a detector, twice in each way.
    @Test(
        "updates in the backward pass save the backbone's gradients, and the plan knows",
        arguments: ["conventional", "checkpointed", "dr2net"])
    func updatesInBackwardSaveGradients(way: String) throws {
        try exclusively {
            let fixture = try DetectionFixture()
            let overrides = ["way=\(way)", "steps=2", "optimizer.clipNorm=0", "batchSize=1"]
            // Of the first run nothing may live on in the second one's count.
            func run(_ further: [String]) throws -> (losses: [Double], peak: Int, backbone: Int) {
                let run = try train(fixture, overrides + further)
                return (run.losses, run.peak, 4 * run.task.detector.backbone.parameterCount)
            }
            let after = try run([])
            let during = try run(["optimizer.inBackward=true", "memoryBudget=83MiB"])
            #expect(during.losses == after.losses)
            #expect(Double(after.peak - during.peak) > 0.8 * Double(after.backbone))
            #expect(throws: InputError.self) {
                _ = try train(fixture, overrides + ["memoryBudget=83MiB"])
            }
        }
    }

    @Test("moments of 8 bits save memory, and the plan knows") func momentsOfEightBitsSave() throws
    {
        try exclusively {
            let fixture = try DetectionFixture()
            func run(_ further: [String]) throws -> (peak: Int, trained: Int) {
                let run = try train(fixture, ["steps=2", "batchSize=1"] + further)
                let detector = run.task.detector
                return (run.peak, 4 * detector.trainableCount)
            }
            let full = try run([])
            let short = try run(["optimizer.momentBits=8", "memoryBudget=60MiB"])
            #expect(Double(full.peak - short.peak) > 1.4 * Double(full.trained))
            #expect(throws: InputError.self) { _ = try run(["memoryBudget=60MiB"]) }
        }
    }

    @Test("tiles without objects are balanced") func emptyTilesAreBalanced() throws {
        let fixture = try DetectionFixture()
        let none = try fixture.images(try fixture.recipe(["data.emptyTiles=0"])).tiles
        let all = try fixture.images(try fixture.recipe(["data.emptyTiles=100"])).tiles
        #expect(none.samples.allSatisfy(\.hasObjects) && none.droppedEmpty > 0)
        #expect(all.droppedEmpty == 0)
        #expect(all.samples.count == none.samples.count + none.droppedEmpty)
        let plain = try fixture.recipe().data
        #expect(all.unheldObjects == 0 && all.remarks(plain).isEmpty)
        let small = try fixture.recipe(["data.scale=5.3", "data.tileOverlap=0"])
        let cut = try fixture.images(small).tiles
        #expect(cut.largerObjects == 2 && cut.unheldObjects > 0)
        #expect(
            cut.remarks(small.data).map { $0.prefix(40) } == [
                "2 boxes are larger than a tile of 12 pix",
                "\(cut.unheldObjects) boxes in no tile: cut below data.keptA",
            ])
        let whole = try fixture.images(try fixture.recipe(["data.cut=whole"])).tiles
        #expect(whole.unheldObjects == 0 && whole.largerObjects == 0)
        #expect(whole.samples.map(\.image) == [0, 1] && whole.samples[0].scale == 64.0 / 96)
    }

    // Above 5 s: a training and its resumption for each change.
    @Test(
        "a run does not go on with changed annotations",
        arguments: [
            ("\"square\"", "\"circle\"", "class 0 \"square\" is now \"circle\"; put back"),
            (
                "\"category_id\": 3", "\"category_id\": 4",
                "class \"square\" has the number 4, it had 3; put back"
            ),
            ("[40, 20, 16, 16]", "[40, 20, 15, 16]", "the training images changed"),
        ])
    func changedAnnotationsAreNotResumed(old: String, new: String, says: String) throws {
        let fixture = try DetectionFixture()
        let recipe = try fixture.recipe(["steps=1", "batchSize=1"])
        let path = fixture.path + "/run", file = fixture.path + "/all.json"
        func run(_ folder: RunFolder) throws {
            _ = try DetectionTask.run(recipe, folder: folder, progress: ProgressLine(.quiet))
        }
        do { try run(try RunFolder.create(path, recipe: recipe.resolved)) }
        do { try run(try RunFolder.open(path)) }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacingOccurrences(of: old, with: new)
            .replacingOccurrences(
                of: "{\"id\": 3, \"name\": \"square\"}",
                with: "{\"id\": "
                    + "\(new.hasSuffix("4") ? 4 : 3), \"name\": \"square\"}"
            )
            .write(toFile: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: InputError.self) { try run(try RunFolder.open(path)) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test("a run says where its weights come from, and keeps the grid of their positions")
    func weightsAreSaid() throws {
        let fixture = try DetectionFixture()
        func run(_ name: String, _ overrides: [String]) throws -> (path: String, said: String) {
            let recipe = try fixture.recipe(["steps=1", "batchSize=1"] + overrides)
            let said = SaidLines(), path = fixture.path + "/" + name
            do {
                let folder = try RunFolder.create(path, recipe: recipe.resolved)
                _ = try DetectionTask.run(
                    recipe, folder: folder,
                    progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add))
            }
            return (path, said.text)
        }
        let random = try run("random", []).said
        #expect(random.contains("random weights: backbone.weights names no file"), "\(random)")

        // At 64 pixels, in place of 224.
        var configuration = VisionTransformerConfiguration.vit(width: 192, heads: 3)
        configuration.gridSize = 4
        let file = fixture.path + "/weights.safetensors"
        try Safetensors.write(
            PretrainedWeights.export(
                VisionTransformer(
                    name: "vit", configuration: configuration, key: RandomKey(seed: 1)),
                family: .timm), to: file)
        let (path, said) = try run("loaded", ["backbone.weights=\(file)"])
        #expect(!said.contains("random weights"))
        #expect(said.contains("\(file): timm names, 150 keys used, none left out"), "\(said)")
        #expect(said.contains("positions of a grid of 4 x 4 in place of 14 x 14"), "\(said)")
        let description = try RunDescription.read(path)
        #expect(description.positionGrid == 4)
        let predictor = try DetectionPredictor(
            run: path, overrides: [], dataFolder: "/data", warn: { _ in })
        _ = try predictor.detections(in: fixture.path + "/0.png", report: { _, _ in })

        let error = #expect(throws: InputError.self) {
            _ = try run("other", ["startFrom=\(path)"])
        }
        #expect(error?.description.contains("has the position grid 4, expected 14") == true)
    }

    @Test("a run on other classes starts from another's weights but for its class layer")
    func anotherNumberOfClasses() throws {
        let fixture = try DetectionFixture()
        let first = try fixture.recipe(["steps=1", "batchSize=1"])
        let path = fixture.path + "/first", file = fixture.path + "/all.json"
        do {
            let folder = try RunFolder.create(path, recipe: first.resolved)
            _ = try DetectionTask.run(first, folder: folder, progress: ProgressLine(.quiet))
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacingOccurrences(
            of: "\"categories\": [", with: "\"categories\": [{\"id\": 1, \"name\": \"disc\"}, "
        )
        .write(toFile: file, atomically: true, encoding: .utf8)
        let second = try fixture.recipe(
            ["steps=1", "batchSize=1", "startFrom=\(path)", "optimizer.headLearningRate=0"])
        let said = SaidLines(), other = fixture.path + "/second"
        do {
            let folder = try RunFolder.create(other, recipe: second.resolved)
            _ = try DetectionTask.run(
                second, folder: folder,
                progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add))
        }
        #expect(
            said.text.contains(
                "startFrom: \(path) has 1 classes, this run 2: the class layer begins anew (head."),
            "\(said.text)")
        let a = try #require(try RunFolder.latestCheckpoint(of: path, warn: { _ in })).model
        let b = try #require(try RunFolder.latestCheckpoint(of: other, warn: { _ in })).model
        let changed = a.names.filter { a[$0]?.shape != b[$0]?.shape }
        #expect(changed.count == 2 && changed.allSatisfy { b[$0]?.shape[0] == 2 }, "\(changed)")
        for name in a.names where name.hasPrefix("head.") && !changed.contains(name) {
            let (x, y) = (try #require(a[name]), try #require(b[name]))
            #expect(x.isIdentical(to: y), "\(name)")
        }
    }
}
