// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// The pixels' mean and standard deviation that a pretrained network expects, for values 0...1.
public struct PixelStatistics: Sendable, Hashable {
    /// Mean of R, G, B.
    public let mean: [Double]
    /// Standard deviation of R, G, B.
    public let deviation: [Double]

    /// ImageNet's statistics.
    public static let imageNet = PixelStatistics(
        mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
    /// Values from -1 to 1, as timm's augreg ViTs take.
    public static let symmetric = PixelStatistics(
        mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
}

/// The backbones by name.
public struct BackboneCatalog: Sendable {
    /// One backbone.
    public struct Entry: Sendable {
        /// The name that recipes and commands use.
        public let name: String
        /// What it is.
        public let title: String
        /// The pixel statistics it was pretrained with.
        public let normalization: PixelStatistics
        let architecture: Architecture

        /// What goes in.
        public var input: InputLayout {
            switch architecture {
            case .visionTransformer(let configuration): configuration.input
            case .swin(let configuration): configuration.input
            }
        }

        /// Whether the network has a class token.
        package var hasClassToken: Bool {
            if case .visionTransformer(let one) = architecture {
                one.leadingTokens > 0
            } else {
                false
            }
        }

        /// Whether the network has learned positions, which other input sizes resize.
        public var hasLearnedPositions: Bool {
            if case .visionTransformer(let one) = architecture { !one.isVideo } else { false }
        }

        /// Scalars in all parameters.
        public var parameterCount: Int {
            switch architecture {
            case .visionTransformer(let configuration): configuration.parameterCount
            case .swin(let configuration): configuration.parameterCount
            }
        }

        /// Whether attention weights can be dropped.
        package var takesAttentionDropout: Bool {
            if case .visionTransformer = architecture { true } else { false }
        }

        /// Key names that checkpoints may come with.
        public var families: [CheckpointFamily] {
            switch architecture {
            case .visionTransformer(let configuration): configuration.families
            case .swin(let configuration): configuration.families
            }
        }

        /// The network at random weights.
        ///
        /// - Parameters:
        ///   - dropPathRate: Drop path of the last branch.
        ///   - attentionDropoutRate: Dropout of attention weights; of a vision transformer alone.
        ///   - positionRule: How learned positions are resized; nil keeps the reference's own rule.
        public func make(
            key: RandomKey, dropPathRate: Double = 0, attentionDropoutRate: Double = 0,
            positionRule: PositionRule? = nil, dtype: DType = .float32
        ) -> any Backbone {
            switch architecture {
            case .visionTransformer(var configuration):
                configuration.dropPathRate = dropPathRate
                configuration.attentionDropoutRate = attentionDropoutRate
                if let positionRule { configuration.positionRule = positionRule }
                return VisionTransformer(
                    name: name, configuration: configuration, key: key, dtype: dtype)
            case .swin(var configuration):
                precondition(attentionDropoutRate == 0, "\(name) has no attention dropout")
                configuration.dropPathRate = dropPathRate
                return SwinTransformer(
                    name: name, configuration: configuration, key: key, dtype: dtype)
            }
        }
    }

    /// The kinds of networks with their sizes.
    enum Architecture: Sendable {
        case visionTransformer(VisionTransformerConfiguration)
        case swin(SwinConfiguration)
    }

    /// All backbones.
    public static let entries: [Entry] = [
        vit("vit-tiny-16", "ViT-Ti/16", .symmetric, .vit(width: 192, heads: 3)),
        vit("vit-small-16", "ViT-S/16", .symmetric, .vit(width: 384, heads: 6)),
        vit("vit-base-16", "ViT-B/16", .symmetric, .vit(width: 768, heads: 12)),
        vit("dinov2-small-14", "DINOv2 ViT-S/14", .imageNet, .dinov2(width: 384, heads: 6)),
        vit("dinov2-base-14", "DINOv2 ViT-B/14", .imageNet, .dinov2(width: 768, heads: 12)),
        vit("videomae-small-16", "VideoMAE ViT-S/16", .imageNet, .videoMAE(width: 384, heads: 6)),
        vit("videomae-base-16", "VideoMAE ViT-B/16", .imageNet, .videoMAE(width: 768, heads: 12)),
        swin("swin-tiny", "Swin-T", .images(width: 96, depth: 6)),
        swin("swin-small", "Swin-S", .images(width: 96, depth: 18)),
        swin("swin-base", "Swin-B", .images(width: 128, depth: 18)),
        swin("video-swin-tiny", "Video Swin-T", .clips(width: 96, depth: 6)),
        swin("video-swin-small", "Video Swin-S", .clips(width: 96, depth: 18)),
        swin("video-swin-base", "Video Swin-B", .clips(width: 128, depth: 18)),
    ]

    /// The backbone of a name, or nil.
    public static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    private static func vit(
        _ name: String, _ title: String, _ normalization: PixelStatistics,
        _ configuration: VisionTransformerConfiguration
    ) -> Entry {
        Entry(
            name: name, title: title, normalization: normalization,
            architecture: .visionTransformer(configuration))
    }

    private static func swin(
        _ name: String, _ title: String, _ configuration: SwinConfiguration
    ) -> Entry {
        Entry(
            name: name, title: title, normalization: .imageNet,
            architecture: .swin(configuration))
    }
}
