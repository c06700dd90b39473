// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes
package import Regions

/// The recipe's `inference` section: from raw predictions to detections in whole images.
package struct InferenceRecipe: Sendable {
    /// Whether large images are cut into tiles.
    package var tiles: Bool
    /// Pixels that neighbouring tiles share, in inputs' pixels.
    package var overlap: Int
    /// Whether an image of several tiles is also seen whole, scaled to one input.
    package var fullImage: Bool
    /// What becomes of repeated detections.
    package var suppression: BoxSuppression
    /// The score below which nothing is reported.
    package var scoreThreshold: Double
    /// Detections of one level of an input, the best ones.
    package var candidatesPerLevel: Int

    /// Reads and checks the keys; the defaults of merging are SAHI's.
    ///
    /// - Parameter size: Side of an input in pixels.
    init(_ section: RecipeReader, size: Int) throws(InputError) {
        tiles = try section.value("tiles", default: true)
        overlap = try section.value("overlap", default: size / 5, in: 0...size - 1)
        fullImage = try section.value("fullImage", default: true)
        let method = try section.choice("merge", default: "nms", among: ["nms", "nmm"])
        let similarity = try section.choice("similarity", default: "iou", among: ["iou", "ios"])
        suppression = BoxSuppression(
            method == "nmm" ? .merge : .suppress,
            by: similarity == "ios" ? .intersectionOverSmaller : .intersectionOverUnion,
            threshold: try section.value("threshold", default: 0.6, in: 0.01...1),
            maximumCount: try section.value("maxDetections", default: 500, in: 1...1_000_000),
            classAgnostic: try section.value("classAgnostic", default: false))
        scoreThreshold = try section.value("scoreThreshold", default: 0.05, in: 0...1)
        candidatesPerLevel = try section.value(
            "candidatesPerLevel", default: 1000, in: 1...1_000_000)
    }
}
