// SPDX-License-Identifier: Apache-2.0

/// The published sizes of a plain vision transformer.
package struct VisionTransformerConfiguration: Sendable, Hashable {
    /// Channels of a token.
    package var width: Int
    /// Blocks.
    package var depth: Int
    /// Attention heads.
    package var heads: Int
    /// Side of a patch in pixels.
    package var patchSize: Int
    /// Side of the pretrained position grid in patches.
    package var gridSize: Int
    /// Whether branches end in a LayerScale.
    package var hasLayerScale: Bool
    /// Hidden channels of the MLP over `width`.
    package var mlpRatio = 4
    /// Epsilon of every layer norm.
    package var epsilon = 1e-6
    /// Drop path of the last branch; earlier ones grow linearly from 0.
    package var dropPathRate = 0.0
    /// How positions are resized to another grid.
    package var positionRule: PositionRule

    /// A configuration.
    package init(
        width: Int, depth: Int, heads: Int, patchSize: Int, gridSize: Int, hasLayerScale: Bool,
        positionRule: PositionRule
    ) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.patchSize = patchSize
        self.gridSize = gridSize
        self.hasLayerScale = hasLayerScale
        self.positionRule = positionRule
    }

    /// Key names that its checkpoints may come with.
    package var families: [CheckpointFamily] {
        hasLayerScale ? [.timm, .transformersDinov2] : [.timm, .transformersViT]
    }

    /// ViT of timm's `vit_*_patch16_224`.
    package static func vit(width: Int, heads: Int) -> VisionTransformerConfiguration {
        .init(
            width: width, depth: 12, heads: heads, patchSize: 16, gridSize: 14,
            hasLayerScale: false, positionRule: .antialiased)
    }

    /// DINOv2 of `dinov2_vit*14`: LayerScale, 518-pixel positions.
    package static func dinov2(width: Int, heads: Int) -> VisionTransformerConfiguration {
        .init(
            width: width, depth: 12, heads: heads, patchSize: 14, gridSize: 37,
            hasLayerScale: true, positionRule: .offset)
    }
}
