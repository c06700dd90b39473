// SPDX-License-Identifier: Apache-2.0
package import Backbones
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
            parameters: transformer.parameterCount, inputs: inputs,
            embedding: .init(
                kept: 0, forward: 0, backward: 0, output: 0, parameters: 0, recomputes: false))
    }

    /// Bytes that the layers around the transformer keep in a step, and their largest work space.
    ///
    /// - Parameter keepsAll: Whether the embedding's tape keeps every activation.
    package func otherBytes(samples: Int, points: Int, keepsAll: Bool) -> Int {
        let c = transformer.width, k = settings.neighbours
        var scalars = 0, inputs = settings.inputs, rows = samples * points
        for stage in 0..<settings.stages {
            let width = c >> (settings.stages - 1 - stage)
            if settings.isSegmentation { scalars += 4 * rows * c }
            rows /= 4
            // Groups, and what both small networks keep of each neighbour; 9 widths at the end of
            // a slice's backward otherwise.
            let group = k * (4 * (3 + inputs) + (keepsAll ? 14 * width : 0))
            scalars += rows * group
            if !keepsAll { scalars += 20 * width * max(k, Tile.standard.tokens) }
            inputs = width
        }
        let finest = samples * points
        if settings.isSegmentation {
            scalars += finest * (4 * c + 6 * settings.hidden + 4 * settings.classes)
        }
        return 4 * scalars
    }
}
