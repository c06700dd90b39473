// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Files
import Regions
import Training

/// The recipe's `pyramid` and `head` sections.
package struct DetectorRecipe: Sendable {
    /// Which rule says what a location should find.
    package enum Assigner: String, CaseIterable, Sendable {
        /// Ranges of distances (Tian et al., ICCV 2019).
        case fcos
        /// Adaptive selection (Zhang et al., CVPR 2020).
        case atss
        /// Receptive fields (Xu et al., ECCV 2022).
        case rfla
        /// Ranking by Wasserstein distance (Xu et al., 2022).
        case nwd
    }

    /// Channels of the pyramid and the head.
    package var channels: Int
    /// Levels above the backbone's last map, where it has several maps.
    package var furtherLevels: Int
    /// Which location finds which box.
    package var assigner: any BoxAssigner
    /// Convolutions of each tower.
    package var towerDepth: Int
    /// What regressed boxes are measured by.
    package var boxLoss: BoxLoss
    /// How a number becomes a distance.
    package var distance: FCOSConfiguration.Distance
    /// Groups of the towers' normalisation.
    package var normalizationGroups: Int
    /// The least number of positives that losses are divided by.
    package var leastPositives: Int
    /// Whether towers keep their input alone and run again in the backward pass.
    package var recomputesTowers: Bool

    /// Reads and checks the keys.
    init(_ reader: RecipeReader) throws(InputError) {
        let pyramid = try reader.section("pyramid")
        channels = try pyramid.value("channels", default: 256, in: 8...4096)
        furtherLevels = try pyramid.value("furtherLevels", default: 1, in: 0...3)
        let head = try reader.section("head")
        towerDepth = try head.value("towerDepth", default: 4, in: 0...16)
        normalizationGroups = try head.value("normalizationGroups", default: 32, in: 1...4096)
        guard channels % normalizationGroups == 0 else {
            throw head.error(
                "normalizationGroups",
                "is \(normalizationGroups), which doesn't divide \(channels) channels; expected "
                    + "a divisor of pyramid.channels")
        }
        let constant = try head.value("nwdConstant", default: 12.8, in: 1e-3...1e6)
        let ranks = try DetectorRecipe.ranking(head, constant: constant)
        switch try head.value("assigner", default: Assigner.fcos) {
        case .fcos:
            let radius = try head.value("centreRadius", default: 1.5, in: 0...100)
            assigner = RangeAssigner(centreRadius: radius > 0 ? radius : nil)
        case .atss: assigner = AdaptiveAssigner()
        case .rfla: assigner = ranks.rfla
        case .nwd: assigner = ranks.nwd
        }
        let loss = try head.choice(
            "boxLoss", default: "giou", among: ["iou", "giou", "diou", "nwd"])
        switch loss {
        case "iou": boxLoss = .iou
        case "diou": boxLoss = .diou
        case "nwd": boxLoss = .nwd(constant: constant)
        default: boxLoss = .giou
        }
        distance =
            try head.choice("distance", default: "rectified", among: ["rectified", "exponential"])
            == "rectified" ? .rectified : .exponential
        leastPositives = try head.value("leastPositives", default: 1, in: 1...1_000_000)
        recomputesTowers = try head.value("recompute", default: true)
    }

    /// The two rules that rank locations, with the recipe's sizes.
    private static func ranking(
        _ head: RecipeReader, constant: Double
    ) throws(InputError) -> (rfla: RankingAssigner, nwd: RankingAssigner) {
        var rfla = RankingAssigner.receptiveField
        var nwd = RankingAssigner.wasserstein(constant: constant)
        let count = try head.value("locations", default: nwd.count, in: 1...1000)
        (rfla.count, nwd.count) = (count, count)
        nwd.prior = .strides(try head.value("priorStrides", default: 4.0, in: 0.1...1000))
        return (rfla, nwd)
    }
}
