// SPDX-License-Identifier: Apache-2.0

/// A published way of naming a network's tensors.
///
/// A backbone lists the families that it can be read from (`Backbone.families`); its own names
/// are those of the first. Which one a file has is told by its contents alone.
public enum CheckpointFamily: String, Sendable, Hashable, CaseIterable {
    /// timm's ViT and DINOv2's hub files: our own names.
    case timm
    /// transformers' Dinov2Model: separate query, key and value.
    case transformersDinov2 = "transformers-dinov2"
    /// transformers' ViTModel.
    case transformersViT = "transformers-vit"

    /// torchvision's `swin_t` and its sisters: our own names of Swin for images.
    case torchvisionSwin = "torchvision-swin"
    /// torchvision's `swin3d_t` and its sisters: our own names of Video Swin.
    case torchvisionVideoSwin = "torchvision-video-swin"
    /// Microsoft's Swin, Video Swin and mmaction2's, timm's before 0.8: merging ends a stage.
    case swin = "swin"
    /// timm's Swin since 0.8: merging begins a stage.
    case timmSwin = "timm-swin"
    /// mmdetection's, mmsegmentation's and mmpretrain's Swin.
    case mmdetectionSwin = "mmdetection-swin"
    /// transformers' SwinModel.
    case transformersSwin = "transformers-swin"

    /// VideoMAE's own files: our own names of VideoMAE.
    case videoMAE = "videomae"
    /// mmaction2's VideoMAE.
    case mmactionVideoMAE = "mmaction2-videomae"
    /// transformers' VideoMAEModel.
    case transformersVideoMAE = "transformers-videomae"

    /// What Swin for images can be read from.
    package static let swinFamilies: [CheckpointFamily] = [
        .torchvisionSwin, .swin, .timmSwin, .mmdetectionSwin, .transformersSwin,
    ]
    /// What Video Swin can be read from; weights for images are inflated.
    package static let videoSwinFamilies = [.torchvisionVideoSwin] + swinFamilies
    /// What VideoMAE can be read from.
    package static let videoMAEFamilies: [CheckpointFamily] = [
        .videoMAE, .mmactionVideoMAE, .transformersVideoMAE,
    ]

    /// The family's names for one of our parameters; several are joined along the first axis.
    ///
    /// - Parameter native: Our name, such as `blocks.3.attn.qkv.weight`.
    package func sourceNames(_ native: String) -> [String] {
        source(of: native).alternatives[0]
    }

    /// Where a file of this family keeps one of our parameters.
    ///
    /// - Parameter stages: Stages of the network, for names that count them.
    func source(of native: String, stages: Int = 4) -> TensorSource {
        switch self {
        case .timm: TensorSource(native)
        case .transformersDinov2, .transformersViT: visionTransformerSource(native)
        case .torchvisionSwin, .torchvisionVideoSwin, .swin, .timmSwin, .mmdetectionSwin,
            .transformersSwin:
            SwinName(native).map { swinSource($0, stages: stages) } ?? TensorSource(native)
        case .videoMAE, .mmactionVideoMAE, .transformersVideoMAE: videoMAESource(native)
        }
    }

    /// Whether a key below the prefix belongs to a head, to pretraining or is a fixed table, and
    /// not to the backbone.
    func isOutsideBackbone(_ name: String) -> Bool {
        if Self.heads.contains(where: { name.hasPrefix($0) }) { return true }
        switch self {
        case .timm, .transformersDinov2, .transformersViT:
            return ["mask_token", "embeddings.mask_token"].contains(name)
        case .torchvisionSwin, .torchvisionVideoSwin, .swin, .timmSwin, .mmdetectionSwin,
            .transformersSwin:
            // Norms of the outputs before the last, as detectors use them, are not the plain network's.
            return name.hasSuffix(".relative_position_index") || name.hasSuffix(".attn_mask")
                || (name.hasPrefix("norm") && name.dropFirst(4).first?.isNumber == true)
                || name.hasPrefix("embeddings.mask_token")
        case .videoMAE, .mmactionVideoMAE, .transformersVideoMAE:
            return isFixedTable(name)
        }
    }

    /// Whether a key holds positions that the network works out itself, unless they were learned.
    func isFixedTable(_ name: String) -> Bool {
        switch self {
        case .videoMAE, .mmactionVideoMAE, .transformersVideoMAE:
            name == "pos_embed" || name.hasSuffix(".position_embeddings")
        default: false
        }
    }

    private static let heads = [
        "head.", "head_dist.", "fc_norm.", "classifier.", "pooler.", "decoder.", "cls_head.",
    ]
}

/// Where a file keeps one of our parameters.
struct TensorSource: Sendable, Equatable {
    /// Names to look for, the preferred first; the tensors of one entry are joined by rows.
    var alternatives: [[String]]
    /// Whether the four pixels of a patch merging lie as `nn.Unfold` orders them.
    var isUnfolded = false
    /// Whether the names may also lie under an outer part of the network's prefix, or under none.
    var isAlsoOutside = false

    init(_ alternatives: [[String]]) { self.alternatives = alternatives }
    init(_ names: String...) { alternatives = names.map { [$0] } }
}
