// SPDX-License-Identifier: Apache-2.0
import Backbones
import Metrics
package import Recipes
package import Training

/// A recipe of small-object detection: everything that a run depends on.
package struct DetectionRecipe: TaskRecipe {
    /// The command.
    package static let task = "detect"

    /// The keys that every task has.
    package var shared: SharedRecipe
    /// The images and how they are cut.
    package var data: DetectionDataRecipe
    /// What training changes in its images.
    package var augmentation: AugmentationRecipe
    /// The backbone.
    package var backbone: BackboneRecipe
    /// The pyramid and the head.
    package var head: DetectorRecipe
    /// From raw predictions to detections in whole images.
    package var inference: InferenceRecipe
    /// The protocol that scores validation.
    package var scoring: DetectionProtocol
    /// Other numbers of predictions an image than the protocol's.
    package var maximumDetections: [Int]?

    /// Reads and checks the task's own sections.
    package init(_ reader: RecipeReader, _ shared: SharedRecipe) throws {
        self.shared = shared
        let section = try reader.section("data")
        data = try DetectionDataRecipe(section)
        augmentation = try AugmentationRecipe(try reader.section("augmentation"))
        let backbone = try reader.section("backbone")
        self.backbone = try BackboneRecipe(backbone, default: "dinov2-small-14")
        let entry = self.backbone.entry
        if entry.input.isClip {
            throw backbone.error(
                "name",
                "is \(entry.name), which takes clips; expected a network of images, as "
                    + "`dr2net backbone list` shows them")
        }
        guard entry.input.accepts([1, 3, data.size, data.size]) else {
            throw section.error("size", "is \(data.size); \(entry.name) takes \(entry.input.text)")
        }
        head = try DetectorRecipe(reader)
        inference = try InferenceRecipe(try reader.section("inference"), size: data.size)
        let evaluate = try reader.section("evaluate")
        scoring = try evaluate.value("protocol", default: DetectionProtocol.coco)
        let limits = try evaluate.value(
            "maxDetections", default: scoring.rules.maximumDetections.map(Double.init),
            in: 1...100_000)
        guard zip([0] + limits, limits).allSatisfy({ $0 < $1 && $1 == $1.rounded() }),
            limits.count <= 16
        else {
            throw evaluate.error(
                "maxDetections", "is \(limits); expected rising whole numbers such as [1, 10, 100]")
        }
        maximumDetections = limits.map { Int($0) }
    }
}
