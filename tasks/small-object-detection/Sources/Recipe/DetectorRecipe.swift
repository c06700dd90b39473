// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes
import Regions

/// The recipe's `pyramid` and `head` sections.
package struct DetectorRecipe: Sendable {
    /// Which rule says what a location should find.
    package enum Assigner: Sendable, Hashable {
        /// Ranges of distances (Tian et al., ICCV 2019); a radius in strides, nil for whole boxes.
        case ranges(centreRadius: Double?)
        /// Adaptive selection (Zhang et al., CVPR 2020).
        case adaptive
        /// Receptive fields (Xu et al., ECCV 2022).
        case receptiveFields(locations: Int)
        /// Ranking by Wasserstein distance (Xu et al., 2022).
        case wasserstein(constant: Double, locations: Int, priorStrides: Double)
    }

    /// Levels above the backbone's last map, where it has several maps.
    package var furtherLevels: Int
    /// Which location finds which box.
    package var assigner: Assigner
    /// The head's sizes but for those of its input; the pyramid has its channels.
    package var configuration: FCOSConfiguration

    /// Reads and checks the keys.
    init(_ reader: RecipeReader) throws(InputError) {
        configuration = FCOSConfiguration(classCount: 1, levelCount: 1)
        let pyramid = try reader.section("pyramid")
        let channels = try pyramid.value("channels", default: 256, in: 8...4096)
        furtherLevels = try pyramid.value("furtherLevels", default: 1, in: 0...3)
        let head = try reader.section("head")
        configuration.towerDepth = try head.value("towerDepth", default: 4, in: 0...16)
        let groups = try head.value("normalizationGroups", default: 32, in: 1...4096)
        guard channels % groups == 0 else {
            throw head.error(
                "normalizationGroups",
                "is \(groups), which doesn't divide \(channels) channels; expected a divisor of "
                    + "pyramid.channels")
        }
        (configuration.channels, configuration.normalizationGroups) = (channels, groups)
        let constant = try head.value("nwdConstant", default: 12.8, in: 1e-3...1e6)
        let locations = try head.value("locations", default: 3, in: 1...1000)
        let strides = try head.value("priorStrides", default: 4.0, in: 0.1...1000)
        switch try head.choice(
            "assigner", default: "fcos", among: ["fcos", "atss", "rfla", "nwd"])
        {
        case "atss": assigner = .adaptive
        case "rfla": assigner = .receptiveFields(locations: locations)
        case "nwd":
            assigner = .wasserstein(
                constant: constant, locations: locations, priorStrides: strides)
        default:
            let radius = try head.value("centreRadius", default: 1.5, in: 0...100)
            assigner = .ranges(centreRadius: radius > 0 ? radius : nil)
        }
        let loss = try head.choice(
            "boxLoss", default: "giou", among: ["iou", "giou", "diou", "nwd"])
        switch loss {
        case "iou": configuration.boxLoss = .iou
        case "diou": configuration.boxLoss = .diou
        case "nwd": configuration.boxLoss = .nwd(constant: constant)
        default: configuration.boxLoss = .giou
        }
        configuration.distance =
            try head.choice("distance", default: "rectified", among: ["rectified", "exponential"])
            == "rectified" ? .rectified : .exponential
        configuration.leastPositives = try head.value(
            "leastPositives", default: 1, in: 1...1_000_000)
        configuration.recomputesTowers = try head.value("recompute", default: true)
    }
}
