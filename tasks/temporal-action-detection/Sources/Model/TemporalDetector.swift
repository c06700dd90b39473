// SPDX-License-Identifier: Apache-2.0
import Files
package import Layers
import Tensors
package import Training

/// A backbone over frames or clips, or precomputed features, and a head over the sequence.
package final class TemporalDetector: Module {
    /// The backbone; nil with precomputed features.
    package let encoder: FrameEncoder?
    /// The head.
    package let head: any TemporalHead
    /// The classes, in the order of the head's labels.
    package let labels: [String]

    /// The network of a recipe, with its pretrained weights.
    ///
    /// - Parameters:
    ///   - featureWidth: Channels of precomputed features; nil with a backbone.
    ///   - loadsWeights: False where a checkpoint of a run follows.
    package convenience init(
        _ recipe: TemporalRecipe, labels: [String], featureWidth: Int? = nil,
        loadsWeights: Bool = true
    ) throws {
        let encoder = try recipe.backbone.map {
            try FrameEncoder(
                $0, framesPerPosition: recipe.data.framesPerPosition,
                key: RandomKey(seed: recipe.training.seed).child("backbone"),
                loadsWeights: loadsWeights)
        }
        try self.init(recipe, labels: labels, encoder: encoder, featureWidth: featureWidth)
    }

    /// A recipe's head on an encoder.
    package init(
        _ recipe: TemporalRecipe, labels: [String], encoder: FrameEncoder?,
        featureWidth: Int? = nil
    ) throws {
        guard !labels.isEmpty else {
            throw InputError(
                "no labels; expected at least one annotated segment in data.annotations, and its "
                    + "label in the run's model.json")
        }
        self.encoder = encoder
        guard let width = encoder?.width ?? featureWidth else {
            preconditionFailure("neither a backbone nor the width of features is given")
        }
        self.labels = labels
        head = recipe.head.head(
            HeadInput(
                width: width,
                classCount: recipe.postProcessing.videoScores == nil ? labels.count : 1,
                windowLength: recipe.data.windowPositions,
                scoreThreshold: recipe.postProcessing.minimumScore),
            key: RandomKey(seed: recipe.training.seed).child("head"))
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        if let encoder { registry.child("backbone", encoder.network.backbone) }
        registry.child("head", head)
    }

    /// The parameters in groups with their own learning rates.
    package var parameterGroups: [RoleGroup] {
        (encoder.map { [RoleGroup(.backbone, prefix: "backbone", $0.network.backbone)] } ?? [])
            + [RoleGroup(.head, prefix: "head", head)]
    }
}
