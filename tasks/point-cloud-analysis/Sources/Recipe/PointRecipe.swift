// SPDX-License-Identifier: Apache-2.0
import Backbones
package import Recipes
package import Training

/// A recipe of point-cloud analysis: everything that a run depends on.
package struct PointRecipe: TaskRecipe {
    /// The command.
    package static let task = "points"

    /// What normalises the embedding's channels.
    package enum EmbeddingNorm: String, CaseIterable, Sendable {
        /// Layer norm of each row, as published for scenes; runs in slices.
        case layer
        /// Batch norm, as published for shapes; a stage in training runs whole.
        case batch
    }

    /// How classes count in the loss.
    package enum ClassWeights: String, CaseIterable, Sendable {
        /// All the same.
        case none
        /// One over the root of a class's share of the training points, 1 on average.
        case inverseRoot
    }

    /// The keys that every task has.
    package var shared: SharedRecipe
    /// The data.
    package var data: PointDataRecipe
    /// The transformer of images whose blocks are taken.
    package var backbone: BackboneRecipe
    /// Levels of the embedding.
    package var stages: Int
    /// Neighbours of a group.
    package var neighbours: Int
    /// The embedding's norm.
    package var embeddingNorm: EmbeddingNorm
    /// Channels of the head's hidden layers.
    package var hidden: [Int]
    /// Dropout before the last layer.
    package var dropout: Double
    /// Label smoothing.
    package var smoothing: Double
    /// How classes count.
    package var classWeights: ClassWeights

    /// Reads and checks the task's own sections.
    package init(_ reader: RecipeReader, _ shared: SharedRecipe) throws {
        self.shared = shared
        let section = try reader.section("data")
        data = try PointDataRecipe(section)
        let backbone = try reader.section("backbone")
        self.backbone = try BackboneRecipe(backbone, default: "dinov2-small-14")
        guard self.backbone.entry.hasClassToken else {
            throw backbone.error(
                "name",
                "is \(self.backbone.name), which has no class token; this task takes the blocks of "
                    + "a vision transformer of images, such as dinov2-small-14 or vit-small-16")
        }
        let segments = data.kind.isSegmentation
        let network = try reader.section("network")
        stages = try network.value("stages", default: segments ? 2 : 1, in: 1...5)
        neighbours = try network.value("neighbours", default: 32, in: 1...1024)
        embeddingNorm = try network.value("embeddingNorm", default: segments ? .layer : .batch)
        let widths = try network.value(
            "hidden", default: segments ? [256] : [256, 256], in: 1...65_536)
        hidden = widths.compactMap { Int(exactly: $0) }
        guard
            hidden.count == widths.count,
            segments ? hidden.count == 1 : hidden.count <= 16
        else {
            throw network.error(
                "hidden",
                "is \(widths); expected whole numbers from 1 to 65536 in a list, "
                    + (segments ? "one for scenes, such as [256]" : "such as [256, 256]"))
        }
        dropout = try network.value("dropout", default: 0.5, in: 0...0.99)
        let tokens = data.sampling.points >> (2 * stages)
        guard tokens >= 4 else {
            throw network.error(
                "stages",
                "is \(stages), which leaves \(tokens) of data.points \(data.sampling.points); "
                    + "expected 4 tokens at least: take fewer stages or more points")
        }
        guard segments || shared.training.batchSize > 1 else {
            throw reader.error(
                "batchSize", "is 1; expected 2 at least: the head of shapes has batch norm")
        }
        let loss = try reader.section("loss")
        smoothing = try loss.value("smoothing", default: 0.2, in: 0...0.9)
        classWeights = try loss.value("classWeights", default: ClassWeights.none)
    }

    /// The sizes around the transformer.
    package func settings(classes: Int) -> PointNetworkSettings {
        var settings = PointNetworkSettings(
            inputs: data.sampling.featureWidth, classes: classes)
        settings.isSegmentation = data.kind.isSegmentation
        settings.stages = stages
        settings.neighbours = neighbours
        settings.embeddingHasBatchNorm = embeddingNorm == .batch
        settings.hidden = hidden
        settings.dropout = dropout
        return settings
    }
}
