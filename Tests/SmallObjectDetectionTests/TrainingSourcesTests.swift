// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Recipes
import Regions
import SmallObjectDetection
import Testing
import Training

@Suite("Several sets of training images") struct TrainingSourcesTests {
    /// The fixture with a second set beside it: a picture with a square and one with a circle.
    private func mixed() throws -> DetectionFixture {
        let fixture = try DetectionFixture()
        let folder = fixture.path + "/more"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["a.png", "b.png"] {
            try FileManager.default.copyItem(
                atPath: fixture.path + "/0.png", toPath: "\(folder)/\(name)")
        }
        let images = ["a.png", "b.png"].enumerated().map {
            "{\"id\": \($0.offset + 5), \"file_name\": \"\($0.element)\", \"width\": 96, "
                + "\"height\": 72}"
        }
        let boxes = [(5, 9), (6, 3)].enumerated().map {
            "{\"id\": \($0.offset + 1), \"image_id\": \($0.element.0), "
                + "\"category_id\": \($0.element.1), \"bbox\": [40, 20, 16, 16], \"area\": 256, "
                + "\"iscrowd\": 0}"
        }
        let text =
            "{\"images\": [\(images.joined(separator: ","))], \"categories\": ["
            + "{\"id\": 3, \"name\": \"circle\"}, {\"id\": 9, \"name\": \"square\"}], "
            + "\"annotations\": [\(boxes.joined(separator: ","))]}"
        try text.write(toFile: folder + "/boxes.json", atomically: true, encoding: .utf8)
        return fixture
    }

    private func recipe(_ fixture: DetectionFixture, _ data: String) throws -> DetectionRecipe {
        let file = fixture.path + "/mixed.yaml"
        let text = """
            steps: 2
            batchSize: 1
            data: {\(data), validationAnnotations: all.json, validationImages: ., size: 64, tileOverlap: 16}
            backbone: {name: vit-tiny-16}
            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return try DetectionRecipe(
            RecipeDocument(path: file, overrides: []), dataFolder: "/data")
    }

    @Test("keys of pictures are read, and noted only where they are written")
    func pictureKeys() throws {
        let fixture = try mixed()
        let sources = "trainingAnnotations: all.json, trainingImages: ."
        let plain = try recipe(fixture, sources)
        #expect(plain.data.pictures.orientation == .unsaid)
        #expect(plain.data.pictures.reading == PixelReading())
        let given = try recipe(
            fixture, sources + ", orientation: shown, bands: [4, 3, 2], range: [0, 4095]")
        #expect(given.data.pictures.orientation == .shown)
        #expect(given.data.pictures.reading.bands == [4, 3, 2])
        #expect(given.data.pictures.reading.range == PixelReading.Range(low: 0, high: 4095))
        #expect(given.data.pictures.settings == ["bands [4, 3, 2]", "range 0.0 4095.0"])
        #expect(given.resolved.fingerprint != plain.resolved.fingerprint)
        for wrong in [
            "orientation: left", "bands: [1, 2]", "bands: [1.5]", "range: [4, 4]", "range: [1]",
        ] {
            #expect(throws: InputError.self, "\(wrong)") {
                try recipe(fixture, sources + ", " + wrong)
            }
        }
    }

    @Test("are one, classes by name, and each is shown as often as it says")
    func setsAreJoined() throws {
        let fixture = try mixed()
        let recipe = try recipe(
            fixture,
            "trainingAnnotations: [all.json, more/boxes.json], trainingImages: [., more], "
                + "trainingRepeats: [1, 3]")
        let (training, _, classes) = try DetectionSplit.read(recipe.data, note: { _ in })
        #expect(classes.names == ["square", "circle"] && classes.ids == [3, 4])
        #expect(training.index.images.map(\.id) == [5, 6, 7, 8, 9])
        #expect(training.objects.map(\.count) == [3, 2, 0, 1, 1])
        #expect(training.objects[3].map(\.label) == [0] && training.objects[4].map(\.label) == [1])
        #expect(
            (0..<5).map(training.path) == [
                "\(fixture.path)/0.png", "\(fixture.path)/1.png", "\(fixture.path)/2.png",
                "\(fixture.path)/more/a.png", "\(fixture.path)/more/b.png",
            ])
        let samples = try TrainingImages(training, recipe).tiles.samples
        for image in 0..<5 {
            let own = samples.filter { $0.image == image }
            let distinct = Set(own.map { "\($0.region.x1) \($0.region.y1)" })
            #expect(own.count == (image < 3 ? 1 : 3) * distinct.count)
        }
        #expect(samples.contains { $0.image == 4 })
    }

    @Test("data.classes keeps the file's numbers, in the run and in what it writes")
    func askedClassesKeepNumbers() throws {
        let fixture = try mixed()
        let recipe = try fixture.recipe([
            "data.classes=[square, circle]",
            "data.trainingAnnotations=\(fixture.path)/more/boxes.json",
            "data.trainingImages=\(fixture.path)/more",
            "data.validationAnnotations=\(fixture.path)/more/boxes.json",
            "data.validationImages=\(fixture.path)/more",
        ])
        let (_, validation, classes) = try DetectionSplit.read(recipe.data, note: { _ in })
        #expect(classes.names == ["square", "circle"] && classes.ids == [9, 3])
        let line = COCOResults.encoded(
            [Item(Rectangle(x: 0, y: 0, width: 1, height: 1), label: 0, score: 0.5)],
            of: validation.index)
        #expect(line.contains("\"category_id\": 9,"))
    }

    @Test("one folder may serve all, and the resolved recipe holds the lists")
    func oneFolder() throws {
        let fixture = try mixed()
        let recipe = try recipe(
            fixture, "trainingAnnotations: [all.json, all.json], trainingImages: .")
        #expect(recipe.data.training.map(\.images) == [fixture.path, fixture.path])
        #expect(
            recipe.resolved.yaml.contains(
                "[\"\(fixture.path)/all.json\", \"\(fixture.path)/all.json\"]"))
    }

    @Test(
        "lists that don't fit are named",
        arguments: [
            (
                "trainingAnnotations: [all.json, more/boxes.json], trainingImages: [., more, .]",
                "has 3 folders; expected one, or one for each of the 2 trainingAnnotations"
            ),
            (
                "trainingAnnotations: all.json, trainingImages: ., trainingRepeats: [1, 2]",
                "expected a whole number for each of the 1 trainingAnnotations"
            ),
            (
                "trainingAnnotations: all.json, trainingImages: ., trainingRepeats: [1.5]",
                "expected a whole number"
            ),
            ("trainingAnnotations: [], trainingImages: .", "expected a path or a list of paths"),
        ])
    func wrongLists(data: String, message: String) throws {
        let fixture = try mixed()
        #expect {
            try recipe(fixture, data)
        } throws: {
            "\($0)".contains(message)
        }
    }
}
