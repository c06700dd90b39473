// SPDX-License-Identifier: Apache-2.0
import Foundation
import Recipes
import Reports
import SmallObjectDetection
import Training

/// A folder of grey pictures with bright squares on them, and their annotations in COCO's form.
final class DetectionFixture {
    let path: String
    /// Left, top and side of the squares of each picture.
    let squares: [[(x: Int, y: Int, side: Int)]] = [
        [(4, 6, 12), (40, 20, 16), (70, 50, 10)], [(10, 10, 14), (60, 40, 12)], [],
    ]
    let width = 96, height = 72

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "dr2net-detection-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (number, list) in squares.enumerated() {
            var picture = PNGImage(width: width, height: height, color: SIMD3(60, 70, 80))
            for square in list {
                for y in square.y..<square.y + square.side {
                    for x in square.x..<square.x + square.side {
                        picture[y * width + x] = SIMD3(230, 220, 40)
                    }
                }
            }
            try picture.png().write(to: URL(fileURLWithPath: "\(path)/\(number).png"))
        }
        try annotations().write(toFile: path + "/all.json", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func annotations() -> String {
        let images = squares.indices.map {
            "{\"id\": \($0 + 5), \"file_name\": \"\($0).png\", \"width\": \(width), "
                + "\"height\": \(height)}"
        }
        var boxes: [String] = []
        for (number, list) in squares.enumerated() {
            for square in list {
                boxes.append(
                    "{\"id\": \(boxes.count + 1), \"image_id\": \(number + 5), \"category_id\": 3, "
                        + "\"bbox\": [\(square.x), \(square.y), \(square.side), \(square.side)], "
                        + "\"area\": \(square.side * square.side), \"iscrowd\": 0}")
            }
        }
        return "{\"images\": [\(images.joined(separator: ","))], "
            + "\"categories\": [{\"id\": 3, \"name\": \"square\"}], "
            + "\"annotations\": [\(boxes.joined(separator: ","))]}"
    }

    func recipe(_ overrides: [String] = []) throws -> DetectionRecipe {
        let text = """
            steps: 4
            batchSize: 2
            data: {trainingAnnotations: all.json, trainingImages: ., validationAnnotations: all.json, validationImages: ., size: 64, tileOverlap: 16}
            backbone: {name: vit-tiny-16}
            pyramid: {channels: 32}
            head: {towerDepth: 1, normalizationGroups: 4, assigner: atss}
            optimizer: {headLearningRate: 0.003, backboneLearningRate: 0.0003}
            """
        let file = path + "/recipe.yaml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return try DetectionRecipe(
            RecipeDocument(path: file, overrides: overrides), dataFolder: "/data")
    }

    /// The images as a recipe trains on them.
    func images(_ recipe: DetectionRecipe) throws -> TrainingImages {
        try TrainingImages(DetectionSplit.read(recipe.data, note: { _ in }).training, recipe)
    }
}
