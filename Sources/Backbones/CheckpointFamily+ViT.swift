// SPDX-License-Identifier: Apache-2.0

extension CheckpointFamily {
    /// transformers' names for a vision transformer's parameters.
    func visionTransformerSource(_ native: String) -> TensorSource {
        switch native {
        case "cls_token": return TensorSource("embeddings.cls_token")
        case "pos_embed": return TensorSource("embeddings.position_embeddings")
        default: break
        }
        let parts = native.split(separator: ".").map(String.init)
        let leaf = parts[parts.count - 1]
        switch parts[0] {
        case "patch_embed":
            return TensorSource("embeddings.patch_embeddings.projection.\(leaf)")
        case "norm": return TensorSource("layernorm.\(leaf)")
        default: break
        }
        // Files have the first names, modules in memory since transformers 5 the second.
        let isViT = self == .transformersViT
        let layer = "encoder.layer.\(parts[1])."
        let memory = isViT ? "layers.\(parts[1])." : layer
        func names(_ file: String, _ inMemory: String) -> TensorSource {
            let both = [layer + file, memory + inMemory].map { "\($0).\(leaf)" }
            return both[0] == both[1] ? TensorSource(both[0]) : TensorSource(both[0], both[1])
        }
        switch parts[2..<parts.count - 1].joined(separator: ".") {
        case "norm1":
            let name = isViT ? "layernorm_before" : "norm1"
            return names(name, name)
        case "norm2":
            let name = isViT ? "layernorm_after" : "norm2"
            return names(name, name)
        case "attn.qkv":
            return TensorSource([
                ["query", "key", "value"].map { "\(layer)attention.attention.\($0).\(leaf)" },
                ["q", "k", "v"].map { "\(memory)attention.\($0)_proj.\(leaf)" },
            ])
        case "attn.proj": return names("attention.output.dense", "attention.o_proj")
        case "ls1": return TensorSource("\(layer)layer_scale1.lambda1")
        case "ls2": return TensorSource("\(layer)layer_scale2.lambda1")
        case "mlp.fc1": return names(isViT ? "intermediate.dense" : "mlp.fc1", "mlp.fc1")
        case "mlp.fc2": return names(isViT ? "output.dense" : "mlp.fc2", "mlp.fc2")
        default: return TensorSource(native)
        }
    }

    /// Names for VideoMAE's parameters.
    ///
    /// The biases of queries and values are separate in every family; keys have none.
    func videoMAESource(_ native: String) -> TensorSource {
        let parts = native.split(separator: ".").map(String.init)
        let leaf = parts[parts.count - 1]
        switch parts[0] {
        case "patch_embed":
            switch self {
            case .videoMAE: return TensorSource(native)
            case .mmactionVideoMAE: return TensorSource("patch_embed.projection.\(leaf)")
            default: return TensorSource("embeddings.patch_embeddings.projection.\(leaf)")
            }
        case "norm", "fc_norm":
            // After the tokens' mean where the network was finetuned, before it where not.
            let other = parts[0] == "norm" ? "fc_norm" : "norm"
            guard self == .transformersVideoMAE else {
                return TensorSource(native, "\(other).\(leaf)")
            }
            var source = TensorSource("layernorm.\(leaf)", "fc_norm.\(leaf)")
            source.isAlsoOutside = true
            return source
        default: break
        }
        guard self != .videoMAE, parts[0] == "blocks", parts.count > 3 else {
            return TensorSource(native)
        }
        let part = parts[2..<parts.count - 1].joined(separator: ".")
        guard self == .transformersVideoMAE else {
            let block = "blocks.\(parts[1])."
            switch part {
            case "mlp.fc1": return TensorSource(block + "mlp.layers.0.0.\(leaf)")
            case "mlp.fc2": return TensorSource(block + "mlp.layers.1.\(leaf)")
            default: return TensorSource(native)
            }
        }
        let layer = "encoder.layer.\(parts[1])."
        let attention = layer + "attention.attention."
        switch (part, leaf) {
        case ("norm1", _): return TensorSource(layer + "layernorm_before.\(leaf)")
        case ("norm2", _): return TensorSource(layer + "layernorm_after.\(leaf)")
        case ("attn.qkv", _):
            return TensorSource([["query", "key", "value"].map { "\(attention)\($0).\(leaf)" }])
        // Files have the first name, modules in memory since transformers 5 the second.
        case ("attn", "q_bias"): return TensorSource(attention + "q_bias", attention + "query.bias")
        case ("attn", "v_bias"): return TensorSource(attention + "v_bias", attention + "value.bias")
        case ("attn.proj", _): return TensorSource(layer + "attention.output.dense.\(leaf)")
        case ("mlp.fc1", _): return TensorSource(layer + "intermediate.dense.\(leaf)")
        case ("mlp.fc2", _): return TensorSource(layer + "output.dense.\(leaf)")
        default: return TensorSource(native)
        }
    }
}
