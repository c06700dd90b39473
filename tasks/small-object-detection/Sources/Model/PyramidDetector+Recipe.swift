// SPDX-License-Identifier: Apache-2.0
import Backbones
import Layers
package import Media
import Tensors
package import Training

extension PyramidDetector {
    /// The network of a recipe, with its pretrained weights.
    ///
    /// A backbone of several maps gets a feature pyramid network, one of a single map the simple
    /// pyramid.
    ///
    /// - Parameters:
    ///   - classes: Classes to learn.
    ///   - loadsWeights: False where a checkpoint of a run follows.
    package static func make(
        _ recipe: DetectionRecipe, classes: Int, loadsWeights: Bool = true
    ) throws -> (detector: PyramidDetector, network: PretrainedBackbone) {
        let key = RandomKey(seed: recipe.training.seed)
        let network = try recipe.backbone.load(
            key: key.child("backbone"), loadsWeights: loadsWeights)
        let widths = network.backbone.levelWidths
        var configuration = recipe.head.configuration
        let pyramid: any FeaturePyramid =
            widths.count == 1
            ? SimplePyramid(
                inputWidth: widths[0], channels: configuration.channels, key: key.child("pyramid"))
            : LateralPyramid(
                inputWidths: widths, channels: configuration.channels,
                furtherLevels: recipe.head.furtherLevels, normalizesInputs: true,
                key: key.child("pyramid"))
        configuration.classCount = classes
        configuration.levelCount = pyramid.levelCount
        configuration.scoreThreshold = recipe.inference.scoreThreshold
        configuration.candidatesPerLevel = recipe.inference.candidatesPerLevel
        let head = FCOSHead(configuration, key: key.child("head"))
        return (
            PyramidDetector(backbone: network.backbone, pyramid: pyramid, head: head), network
        )
    }

    /// The pretrained layers and the new ones.
    package var parameterGroups: [RoleGroup] {
        [
            RoleGroup(.backbone, prefix: "backbone", backbone),
            RoleGroup(.head, prefix: "pyramid", pyramid),
            RoleGroup(.head, prefix: "head", head),
        ]
    }

    /// From bytes to the backbone's input.
    package static func pixelTables(_ recipe: DetectionRecipe) -> PixelTables {
        let statistics = recipe.backbone.entry.normalization
        return PixelTables(mean: statistics.mean, deviation: statistics.deviation)
    }
}

extension DetectorRecipe.Assigner {
    /// The rule at work.
    package var rule: any BoxAssigner {
        switch self {
        case .ranges(let radius): return RangeAssigner(centreRadius: radius)
        case .adaptive: return AdaptiveAssigner()
        case .receptiveFields(let locations):
            var rule = RankingAssigner.receptiveField
            rule.count = locations
            return rule
        case .wasserstein(let constant, let locations, let strides):
            var rule = RankingAssigner.wasserstein(constant: constant)
            (rule.count, rule.prior) = (locations, .strides(strides))
            return rule
        }
    }
}
