// SPDX-License-Identifier: Apache-2.0
import Backbones
import Layers
import Tensors
package import Training

/// A network as a recipe says.
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
    package var parameterGroups: [RoleGroup] {
        let pretrained = Set(
            transformer.namedParameters.map { ObjectIdentifier($0.parameter) })
        let entries = namedParameters
        return [
            RoleGroup(
                .backbone,
                entries: entries.filter { pretrained.contains(ObjectIdentifier($0.parameter)) }),
            RoleGroup(
                .head,
                entries: entries.filter { !pretrained.contains(ObjectIdentifier($0.parameter)) }),
        ]
    }
}
