// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Recipes
import Tensors
import Training

/// Small labelled clouds and recipes over them.
enum DataFixture {
    /// Points in a box of 10 x 4 x 3; class codes 2 below a height of 1, 6 above, 1 for some.
    static func cloud(_ count: Int = 3000, seed: UInt64 = 1) -> PointBlock {
        let key = RandomKey(seed: seed)
        let positions = (0..<count).map { point in
            // Steps of 1/1024 are exact in float32 and in LAS with that scale.
            SIMD3<Double>(
                100 + (key.uniform(3 * point) * 10240).rounded(.down) / 1024,
                200 + (key.uniform(3 * point + 1) * 4096).rounded(.down) / 1024,
                (key.uniform(3 * point + 2) * 3072).rounded(.down) / 1024)
        }
        let codes = positions.enumerated().map { point, place -> Int32 in
            point % 50 == 7 ? 1 : place.z < 1 ? 2 : 6
        }
        return PointBlock(
            positions: positions, intensities: (0..<count).map { Float($0 % 1000) },
            colors: (0..<count).map { SIMD3(UInt16($0 % 250 * 257), 1000, 65535) }, labels: codes)
    }

    static func writeLAS(_ block: PointBlock, to path: String) throws {
        try LASWriter.write(
            to: path, scale: SIMD3(repeating: 1.0 / 1024), offset: SIMD3(100, 200, 0),
            hasColors: block.colors != nil
        ) { try $0.append(block) }
    }

    /// The section `data` of a recipe; `more` are its further lines.
    static func recipe(_ folder: String, _ more: String = "", kind: String = "scenes") throws
        -> PointDataRecipe
    {
        let classes = kind == "scenes" ? "  classes: {low: [2], high: [6]}\n  ignore: [1]\n" : ""
        let lines = more.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try recipe(
            text: "data:\n  kind: \(kind)\n  source: \(folder)\n\(classes)\(lines)")
    }

    static func recipe(text: String) throws -> PointDataRecipe {
        let reader = RecipeReader(try RecipeDocument(text: text), dataFolder: "/nowhere")
        let recipe = try PointDataRecipe(try reader.section("data"))
        try reader.finish()
        return recipe
    }

    /// A cloud split across x at 5, on a grid of 0.5.
    static let split = "split: {axis: x, at: 5}\ngrid: 0.5\nradius: 2\nspheres: 20\npoints: 64"

    /// A scene in memory.
    static func scene(_ positions: [SIMD3<Float>], labels: [Int32]? = nil) -> PointScene {
        var scene = PointScene(origin: SIMD3(0, 0, 0))
        scene.positions = positions
        scene.intensities = positions.indices.map { Float($0 % 7) }
        scene.colors = positions.indices.map { SIMD3(UInt16($0 % 100 * 600), 300, 65535) }
        scene.labels = labels ?? positions.indices.map { Int32($0 % 3) }
        return scene
    }
}
