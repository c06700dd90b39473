// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Media
import Regions
import Reversible
import SmallObjectDetection
import Testing

@Suite("Tiled inference") struct TiledInferenceTests {
    private func inference(_ fixture: DetectionFixture, _ overrides: [String]) throws
        -> (TiledInference, DetectionRecipe)
    {
        let recipe = try fixture.recipe(overrides + ["inference.scoreThreshold=0.001"])
        let (detector, _) = try PyramidDetector.make(recipe, classes: 1)
        return (TiledInference(detector, recipe, .inference.running(.frozen)), recipe)
    }

    @Test("every pixel lies in a tile, and the whole image is seen too") func passesCover() throws {
        let (inference, _) = try inference(try DetectionFixture(), ["inference.overlap=12"])
        let passes = inference.passes(width: 150, height: 70)
        let tiles = passes.dropLast()
        #expect(tiles.map(\.x) == [0, 52, 86, 0, 52, 86])
        #expect(tiles.map(\.y) == [0, 0, 0, 6, 6, 6])
        #expect(passes.last?.scale == 64.0 / 150)
        #expect(inference.passes(width: 64, height: 30).count == 1)
    }

    @Test("detections are those of the passes one by one, merged") func passesAreMerged() throws {
        let fixture = try DetectionFixture()
        let (inference, recipe) = try inference(fixture, [])
        let path = fixture.path + "/0.png"
        let image = try ImageBands(path)
        let parts = try inference.passes(width: image.info.width, height: image.info.height).map {
            try inference.detections(image, $0)
        }
        let whole = try inference.detections(in: path)
        #expect(whole == recipe.inference.suppression(parts.flatMap { $0 }))
        #expect(!whole.isEmpty)
        let frame = Box(x1: 0, y1: 0, x2: 96, y2: 72)
        #expect(
            whole.allSatisfy {
                $0.place.x1 >= 0 && $0.place.y1 >= 0 && $0.place.x2 <= frame.x2 + 1e-9
                    && $0.place.y2 <= frame.y2 + 1e-9
            })
    }
}
