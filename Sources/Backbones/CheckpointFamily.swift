// SPDX-License-Identifier: Apache-2.0

/// A published way of naming the tensors of a vision transformer.
package enum CheckpointFamily: String, Sendable, Hashable, CaseIterable {
    /// timm and DINOv2's hub files: our own names.
    case timm
    /// transformers' Dinov2Model: separate query, key and value.
    case transformersDinov2 = "transformers-dinov2"
    /// transformers' ViTModel.
    case transformersViT = "transformers-vit"

    /// The file's names for one of our parameters; several are joined along the first axis.
    ///
    /// - Parameter native: Our name, such as `blocks.3.attn.qkv.weight`.
    package func sourceNames(_ native: String) -> [String] {
        if self == .timm { return [native] }
        switch native {
        case "cls_token": return ["embeddings.cls_token"]
        case "pos_embed": return ["embeddings.position_embeddings"]
        default: break
        }
        let parts = native.split(separator: ".").map(String.init)
        let leaf = parts[parts.count - 1]
        switch parts[0] {
        case "patch_embed": return ["embeddings.patch_embeddings.projection.\(leaf)"]
        case "norm": return ["layernorm.\(leaf)"]
        default: break
        }
        let layer = "encoder.layer.\(parts[1])."
        let isViT = self == .transformersViT
        switch parts[2..<parts.count - 1].joined(separator: ".") {
        case "norm1": return [layer + (isViT ? "layernorm_before." : "norm1.") + leaf]
        case "norm2": return [layer + (isViT ? "layernorm_after." : "norm2.") + leaf]
        case "attn.qkv":
            return ["query", "key", "value"].map { "\(layer)attention.attention.\($0).\(leaf)" }
        case "attn.proj": return ["\(layer)attention.output.dense.\(leaf)"]
        case "ls1": return ["\(layer)layer_scale1.lambda1"]
        case "ls2": return ["\(layer)layer_scale2.lambda1"]
        case "mlp.fc1": return [layer + (isViT ? "intermediate.dense." : "mlp.fc1.") + leaf]
        case "mlp.fc2": return [layer + (isViT ? "output.dense." : "mlp.fc2.") + leaf]
        default: return [native]
        }
    }

    /// The key whose presence names the family and the prefix of a wrapped network.
    private var landmark: String {
        switch self {
        case .timm: "cls_token"
        case .transformersDinov2, .transformersViT: "embeddings.cls_token"
        }
    }

    /// The family and the prefix (`backbone.`, `module.`, none) of a file's names.
    static func detect(_ names: [String]) -> (family: CheckpointFamily, prefix: String)? {
        for family in [CheckpointFamily.transformersDinov2, .timm] {
            let landmark = family.landmark
            let found = names.first { $0 == landmark || $0.hasSuffix("." + landmark) }
            guard let found else { continue }
            let prefix = String(found.dropLast(landmark.count))
            let isViT = names.contains { $0.hasPrefix(prefix) && $0.contains("layernorm_before") }
            return (family == .timm ? .timm : isViT ? .transformersViT : family, prefix)
        }
        return nil
    }

    /// Whether a key below the prefix belongs to a head or to pretraining, not to the backbone.
    static func isOutsideBackbone(_ name: String) -> Bool {
        let heads = ["head.", "head_dist.", "fc_norm.", "classifier.", "pooler.", "decoder."]
        return name == "mask_token" || name == "embeddings.mask_token" || name == "register_tokens"
            || heads.contains { name.hasPrefix($0) }
    }
}
