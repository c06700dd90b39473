// SPDX-License-Identifier: Apache-2.0
import Foundation
import Preparation
import Recipes
import TemporalActionDetection
import Training

/// A folder with two films of grey frames whose level says their number, and their annotations.
final class TemporalFixture {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "dr2net-temporal-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, frames) in [("one", 64), ("two", 24)] {
            var data = Data("YUV4MPEG2 W32 H32 F8:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".utf8)
            for frame in 0..<frames {
                data += Data("FRAME\n".utf8) + Data(repeating: UInt8(3 * frame), count: 1024)
            }
            try data.write(to: URL(fileURLWithPath: "\(path)/\(name).y4m"))
        }
        try annotate(annotations)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Film one is cut in two videos of 4 s.
    let annotations = #"""
        {"database": {
         "x/1": {"subset": "training", "duration": 4, "source": "one.y4m", "start": 0, "end": 4,
          "annotations": [{"segment": [1, 3], "label": "up"}]},
         "x/2": {"subset": "training", "duration": 4, "source": "one.y4m", "start": 4, "end": 8,
          "annotations": [{"segment": [0.5, 2], "label": "down"}]},
         "y": {"subset": "validation", "duration": 3, "source": "two.y4m",
          "annotations": [{"segment": [1, 2], "label": "up"}]}}}
        """#

    func annotate(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/annotations.json"))
    }

    func recipe(_ overrides: [String] = []) throws -> TemporalRecipe {
        let text = """
            steps: 4
            data: {annotations: annotations.json, videos: ., framesPerSecond: 4, size: 32, windowFrames: 16}
            backbone: {name: vit-tiny-16}
            head: {channels: 32, levels: 3, neighbours: 4, towerDepth: 1}
            optimizer: {headLearningRate: 0.003, backboneLearningRate: 0.0003}
            """
        let file = path + "/recipe.yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return try TemporalRecipe(
            RecipeDocument(path: file, overrides: overrides), dataFolder: "/data")
    }

    /// Prepares; each video's id with what happened.
    @discardableResult
    func prepare(_ recipe: TemporalRecipe) throws -> (frames: PreparedFrames, outcomes: [String]) {
        var outcomes: [String] = []
        let frames = try TemporalPreparation(recipe).run { event in
            switch event.outcome {
            case .written(let text), .checked(let text): outcomes.append("\(event.id) \(text)")
            case .known: outcomes.append("\(event.id) present")
            case .skipped(let reason): outcomes.append("\(event.id) skipped: \(reason)")
            }
        }
        return (frames, outcomes)
    }
}
