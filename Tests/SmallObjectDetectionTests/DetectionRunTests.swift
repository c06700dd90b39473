// SPDX-License-Identifier: Apache-2.0
import Console
import Files
import Foundation
import SmallObjectDetection
import Testing
import Training

@Suite("Detection run: what is found before the first step") struct DetectionRunTests {
    /// The fixture with pictures and annotations of its own for validation.
    private func separate(
        _ change: (inout [String: Any]) -> Void = { _ in }
    ) throws -> (fixture: DetectionFixture, overrides: [String]) {
        let fixture = try DetectionFixture()
        let folder = fixture.path + "/val"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in fixture.squares.indices {
            try FileManager.default.copyItem(
                atPath: "\(fixture.path)/\(number).png", toPath: "\(folder)/\(number).png")
        }
        let object = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: fixture.path + "/all.json")))
        var root = try #require(object as? [String: Any])
        change(&root)
        try JSONSerialization.data(withJSONObject: root).write(
            to: URL(fileURLWithPath: fixture.path + "/val.json"))
        return (
            fixture,
            [
                "data.validationAnnotations=\(fixture.path)/val.json",
                "data.validationImages=\(folder)", "steps=1",
            ]
        )
    }

    private func run(_ fixture: DetectionFixture, _ overrides: [String]) throws -> RunFolder {
        let recipe = try fixture.recipe(overrides)
        let folder = try RunFolder.create(
            fixture.path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        _ = try DetectionTask.run(recipe, folder: folder, progress: ProgressLine(.quiet))
        return folder
    }

    private func complaint(_ fixture: DetectionFixture, _ overrides: [String]) -> String {
        do {
            _ = try run(fixture, overrides)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func damage(_ path: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
    }

    @Test func aValidationWithoutBoxesIsRefused() throws {
        let (fixture, overrides) = try separate { $0["annotations"] = [Any]() }
        let found = complaint(fixture, overrides)
        #expect(found.contains("val.json: has no box to score against"), "\(found)")
        // Crowds score nothing either.
        let (crowds, same) = try separate { root in
            let boxes = root["annotations"] as? [[String: Any]] ?? []
            root["annotations"] = boxes.map { $0.merging(["iscrowd": 1]) { $1 } }
        }
        #expect(complaint(crowds, same).contains("has no box to score against"))
    }

    @Test func aTrainingWithoutBoxesIsRefused() throws {
        let (fixture, _) = try separate { $0["annotations"] = [Any]() }
        let found = complaint(
            fixture, ["data.trainingAnnotations=\(fixture.path)/val.json", "steps=1"])
        #expect(found.contains("val.json: has no box to learn from"), "\(found)")
    }

    @Test func aClassThatValidationLacksIsToldAndTrained() throws {
        let (fixture, overrides) = try separate { root in
            root["categories"] = [["id": 4, "name": "disc"]]
            let boxes = root["annotations"] as? [[String: Any]] ?? []
            root["annotations"] = boxes.map { $0.merging(["category_id": 4]) { $1 } }
        }
        // The training knows both classes, and has boxes of one alone.
        let text = try String(contentsOfFile: fixture.path + "/all.json", encoding: .utf8)
        let box = "{\"id\": 99, \"image_id\": 5, \"category_id\": 4, \"bbox\": [1, 1, 9, 9]}"
        try text.replacing(
            "{\"id\": 3, \"name\": \"square\"}",
            with: "{\"id\": 3, \"name\": \"square\"}, {\"id\": 4, \"name\": \"disc\"}"
        ).replacing("\"annotations\": [", with: "\"annotations\": [\(box), ").write(
            toFile: fixture.path + "/all.json", atomically: true, encoding: .utf8)
        let recipe = try fixture.recipe(overrides)
        var notes: [String] = []
        let (training, validation, classes) = try DetectionSplit.read(recipe.data) {
            notes.append($0)
        }
        #expect(classes.names == ["square", "disc"])
        #expect(
            validation.index.categories == [
                .init(id: 4, name: "disc"), .init(id: 3, name: "square"),
            ])
        try DetectionSplit.check(
            training: training, validation: validation, classes: classes, recipe.data
        ) { notes.append($0) }
        #expect(notes == ["without a validation box, so without a score: \"square\""])
        let folder = try run(fixture, overrides)
        for name in ["predictions.json", "summary.json", "report.html"] {
            #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(name)"), "\(name)")
        }
    }

    @Test func aClassThatTrainingLacksIsRefusedOrLeftOut() throws {
        let (fixture, overrides) = try separate { root in
            root["categories"] = [["id": 2, "name": "disc"], ["id": 3, "name": "square"]]
            var boxes = root["annotations"] as? [[String: Any]] ?? []
            boxes[0]["category_id"] = 2
            root["annotations"] = boxes
        }
        let found = complaint(fixture, overrides)
        #expect(
            found.contains("a box is of class \"disc\", which no training image has"), "\(found)")
        var notes: [String] = []
        let recipe = try fixture.recipe(overrides + ["data.keepGoing=true"])
        let split = try DetectionSplit.read(recipe.data) { notes.append($0) }
        #expect(split.validation.index.categories == [.init(id: 3, name: "square")])
        #expect(split.validation.index.boxes.count == split.training.index.boxes.count - 1)
        #expect(
            notes.contains {
                $0.hasSuffix("1 boxes of class \"disc\", which no training image has")
            })
    }

    @Test func aDamagedPictureIsFoundOrLeftOut() throws {
        let (fixture, overrides) = try separate()
        try damage(fixture.path + "/val/1.png")
        let found = complaint(fixture, overrides)
        #expect(found.contains("val/1.png"), "\(found)")
        var notes: [String] = []
        let recipe = try fixture.recipe(overrides + ["data.keepGoing=true"])
        let split = try DetectionSplit.read(recipe.data, decodesPixels: true) { notes.append($0) }
        #expect(split.validation.index.images.map(\.file) == ["0.png", "2.png"])
        #expect(split.training.index.images.count == 3)
        #expect(notes.contains { $0.contains("val/1.png") }, "\(notes)")
    }

    @Test func aTrainedRunThatCantBeScoredHasItsReport() throws {
        let (fixture, overrides) = try separate()
        let recipe = try fixture.recipe(overrides)
        let (training, validation, classes) = try DetectionSplit.read(recipe.data, note: { _ in })
        let (detector, network) = try PyramidDetector.make(recipe, classes: 1)
        let task = try DetectionTask(
            recipe, detector: detector, backbone: network,
            images: try TrainingImages(training, recipe), validation: validation,
            classes: classes)
        let folder = try RunFolder.create(
            fixture.path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        try damage(fixture.path + "/val/1.png")
        let run = FinetuningRun(task, folder: folder, progress: ProgressLine(.quiet))
        let error = #expect(throws: InputError.self) { try run() }
        #expect(error?.description.contains("val/1.png") == true)
        #expect(error?.description.contains("but not the score: correct that and go on") == true)
        let summary = try JSONDecoder().decode(
            RunResult.self,
            from: Data(contentsOf: URL(fileURLWithPath: folder.path + "/summary.json")))
        #expect(summary.steps == 1 && summary.scores.isEmpty)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/report.html"))
    }
}
