// SPDX-License-Identifier: Apache-2.0
import Backbones
import Layers
package import Reversible
import Tensors
package import Training

/// A network as a recipe says, and what it takes to train it.
extension PointNetwork {
    /// The network of a recipe, with its pretrained blocks.
    ///
    /// - Parameters:
    ///   - classes: The number of classes.
    ///   - loadsWeights: False where a checkpoint of a run follows.
    /// - Returns: The network, and the pretrained one that its blocks are of.
    package static func make(
        _ recipe: PointRecipe, classes: Int, loadsWeights: Bool = true
    ) throws -> (network: PointNetwork, pretrained: PretrainedBackbone) {
        let key = RandomKey(seed: recipe.training.seed)
        let pretrained = try recipe.backbone.load(
            key: key.child("backbone"), loadsWeights: loadsWeights)
        guard let images = pretrained.backbone as? VisionTransformer else {
            preconditionFailure("\(recipe.backbone.name) is no vision transformer")
        }
        let network = PointNetwork(
            recipe.settings(classes: classes), transformer: TokenTransformer(images),
            key: key.child("network"))
        return (network, pretrained)
    }

    /// The pretrained blocks, and all other parameters with running statistics.
    package var parameterGroups: [ParameterGroup] {
        let pretrained = Set(
            transformer.namedParameters.map { ObjectIdentifier($0.parameter) })
        let entries = namedParameters
        return [
            ParameterGroup(
                .backbone,
                entries: entries.filter { pretrained.contains(ObjectIdentifier($0.parameter)) }),
            ParameterGroup(
                .head,
                entries: entries.filter { !pretrained.contains(ObjectIdentifier($0.parameter)) }),
        ]
    }

    /// The transformer's stage for a batch, for memory plans.
    package func memoryShape(samples: Int, points: Int) -> MemoryPlan.Network {
        let tokens = points >> (2 * settings.stages)
        let inputs = samples * points * settings.inputs
        return MemoryPlan.Network(
            stages: [transformer.stagePlan(tokens: tokens)], samples: samples,
            parameters: transformer.parameterCount, trained: transformer.trainableCount,
            inputs: inputs,
            embedding: .init(
                kept: 0, forward: 0, backward: 0, output: 0, parameters: 0, recomputes: false))
    }

    /// Bytes that a step holds beside what ``memoryShape(samples:points:)`` plans and beside the
    /// other layers' weights, gradients and moments.
    ///
    /// The decoder is done with before the transformer's gradients come, so that only what exceeds
    /// those counts. With every activation kept, those of the embedding come on top; else a slice, or
    /// with batch norm a stage.
    ///
    /// - Parameter heldGradients: Scalars of the transformer's gradients at the end of a step.
    package func otherBytes(
        samples: Int, points: Int, keepsAll: Bool, heldGradients: Int
    ) -> Int {
        let c = transformer.width, k = settings.neighbours
        var decoder = 0, kept = 0, slice = 0
        var inputs = settings.inputs, rows = samples * points
        for stage in 0..<settings.stages {
            let width = c >> (settings.stages - 1 - stage)
            // Two layers' maps and their results, or the last map alone.
            if settings.isSegmentation { decoder += (keepsAll ? 4 : 1) * rows * c }
            rows /= 4
            // Of each neighbour: features, both small networks' maps and results, in widths.
            kept += rows * k * (inputs + 3 + 9 * width) + rows * width
            let part =
                settings.embeddingHasBatchNorm ? rows * k : max(k, Tile.standard.tokens)
            slice = max(slice, part * 20 * width + rows * 4 * (width + inputs))
            inputs = width
        }
        if settings.isSegmentation {
            let finest = samples * points
            let hidden = settings.hidden[0]
            decoder += 3 * finest * settings.classes
            if keepsAll {
                // The head's maps, and two gradients of the finest level's width on the way.
                decoder += finest * (6 * hidden + 2 * c)
            } else {
                // The hidden layer's gradient, or four maps of the level above; and a slice.
                decoder += finest * max(hidden, c) + Tile.standard.tokens * 4 * (c + hidden)
            }
        }
        let beyond = decoder - heldGradients
        return 4 * (keepsAll ? kept + max(beyond, 0) : max(slice, beyond))
    }
}
