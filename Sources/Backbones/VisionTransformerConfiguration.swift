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
    /// Dropout of attention weights.
    package var attentionDropoutRate = 0.0
    /// How positions are resized to another grid.
    package var positionRule: PositionRule
    /// Frames of a patch, for clips; nil for images.
    ///
    /// Clips have sines for positions, no class token, and no bias on keys.
    package var tubelet: Int?

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
        if isVideo { return CheckpointFamily.videoMAEFamilies }
        return hasLayerScale ? [.timm, .transformersDinov2] : [.timm, .transformersViT]
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

    /// VideoMAE of `vit_*_patch16_224` with tubelets of two frames.
    package static func videoMAE(width: Int, heads: Int) -> VisionTransformerConfiguration {
        var configuration = vit(width: width, heads: heads)
        configuration.tubelet = 2
        configuration.positionRule = .bicubic
        return configuration
    }

    /// Whether the input is clips.
    package var isVideo: Bool { tubelet != nil }
    /// Tokens before the patches.
    package var leadingTokens: Int { isVideo ? 0 : 1 }
    /// The size of a patch along each axis.
    package var patch: [Int] { (tubelet.map { [$0] } ?? []) + [patchSize, patchSize] }

    /// What goes in.
    package var input: InputLayout {
        InputLayout(
            isClip: isVideo, multiple: patchSize, frameMultiple: tubelet ?? 1,
            minimum: patchSize)
    }

    /// Patches along each axis: `[T, H, W]`, or `[H, W]` for images.
    package func grid(_ inputShape: [Int]) -> [Int] {
        zip(inputShape.dropFirst(2), patch).map { $0 / $1 }
    }

    /// Scalars in all parameters.
    package var parameterCount: Int {
        let c = width, hidden = c * mlpRatio
        let block =
            4 * c * c + (isVideo ? 3 : 4) * c + 2 * c * hidden + hidden + c + 4 * c
            + (hasLayerScale ? 2 * c : 0)
        let positions = isVideo ? 0 : c + (1 + gridSize * gridSize) * c
        return depth * block + positions + 3 * patch.reduce(1, *) * c + c + 2 * c
    }
}
