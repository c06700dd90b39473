// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// The pixels' mean and standard deviation that a pretrained network expects, for values 0...1.
package struct PixelStatistics: Sendable, Hashable {
    /// Mean of R, G, B.
    package let mean: [Double]
    /// Standard deviation of R, G, B.
    package let deviation: [Double]

    /// ImageNet's statistics.
    package static let imageNet = PixelStatistics(
        mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
    /// Values from -1 to 1, as timm's augreg ViTs take.
    package static let symmetric = PixelStatistics(
        mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
}

/// The backbones by name.
package struct BackboneCatalog: Sendable {
    /// One backbone.
    package struct Entry: Sendable {
        /// The name that recipes and commands use.
        package let name: String
        /// What it is.
        package let title: String
        /// The pixel statistics it was pretrained with.
        package let normalization: PixelStatistics
        /// The input of `backbone features`.
        package let inputLayout: String
        let configuration: VisionTransformerConfiguration

        /// Pixels that the input's height and width are multiples of.
        package var inputMultiple: Int { configuration.patchSize }

        /// Scalars in all parameters.
        package var parameterCount: Int {
            let c = configuration.width, hidden = c * configuration.mlpRatio
            let block =
                4 * c * c + 4 * c + 2 * c * hidden + hidden + c + 4 * c
                + (configuration.hasLayerScale ? 2 * c : 0)
            let grid = configuration.gridSize * configuration.gridSize
            let patch = 3 * configuration.patchSize * configuration.patchSize * c + c
            return configuration.depth * block + c + (1 + grid) * c + patch + 2 * c
        }

        /// Key names that checkpoints may come with.
        package var families: [CheckpointFamily] { configuration.families }

        /// The network at random weights.
        ///
        /// - Parameters:
        ///   - dropPathRate: Drop path of the last branch.
        ///   - positionRule: How positions are resized; nil keeps the reference's own rule.
        package func make(
            key: RandomKey, dropPathRate: Double = 0, positionRule: PositionRule? = nil,
            dtype: DType = .float32
        ) -> VisionTransformer {
            var configuration = configuration
            configuration.dropPathRate = dropPathRate
            if let positionRule { configuration.positionRule = positionRule }
            return VisionTransformer(
                name: name, configuration: configuration, key: key, dtype: dtype)
        }
    }

    /// All backbones.
    package static let entries: [Entry] = [
        vit("vit-tiny-16", "ViT-Ti/16", width: 192, heads: 3),
        vit("vit-small-16", "ViT-S/16", width: 384, heads: 6),
        vit("vit-base-16", "ViT-B/16", width: 768, heads: 12),
        dinov2("dinov2-small-14", "DINOv2 ViT-S/14", width: 384, heads: 6),
        dinov2("dinov2-base-14", "DINOv2 ViT-B/14", width: 768, heads: 12),
    ]

    /// The backbone of a name, or nil.
    package static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    private static func vit(_ name: String, _ title: String, width: Int, heads: Int) -> Entry {
        Entry(
            name: name, title: title, normalization: .symmetric, inputLayout: "[N, 3, H, W]",
            configuration: .vit(width: width, heads: heads))
    }

    private static func dinov2(_ name: String, _ title: String, width: Int, heads: Int) -> Entry {
        Entry(
            name: name, title: title, normalization: .imageNet, inputLayout: "[N, 3, H, W]",
            configuration: .dinov2(width: width, heads: heads))
    }
}
