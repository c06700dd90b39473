// SPDX-License-Identifier: Apache-2.0

/// A parameter of Swin or Video Swin, taken out of our own (torchvision's) name.
///
/// In both, `features` counts stages and mergings together; for images the patch embedding is
/// `features.0` and stages are odd, for clips it is apart and stages are even.
struct SwinName: Sendable, Equatable {
    /// Where in the network.
    enum Place: Sendable, Equatable {
        case patchProjection, patchNorm, finalNorm
        case block(stage: Int, block: Int)
        /// The merging after a stage.
        case merging(stage: Int)
    }

    let place: Place
    /// torchvision's part of a block or of a merging, such as `attn.qkv`; empty elsewhere.
    let part: String
    /// `weight` or `bias`; empty for the bias table.
    let leaf: String

    /// Nil for other networks' names.
    init?(_ native: String) {
        let parts = native.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return nil }
        let isTable = parts[parts.count - 1] == SwinName.table
        let leaf = isTable ? "" : parts[parts.count - 1]
        func name(_ place: Place, _ from: Int? = nil) -> (Place, String, String) {
            let end = isTable ? parts.count : parts.count - 1
            return (place, from.map { parts[$0..<max($0, end)].joined(separator: ".") } ?? "", leaf)
        }
        let found: (Place, String, String)
        switch parts[0] {
        case "norm" where parts.count == 2: found = name(.finalNorm)
        case "patch_embed" where parts.count == 3:
            switch parts[1] {
            case "proj": found = name(.patchProjection)
            case "norm": found = name(.patchNorm)
            default: return nil
            }
        case "features" where parts.count > 3:
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            guard let block = Int(parts[2]) else {
                // A merging: even for images, odd for clips; both belong to the stage before.
                let stage = index % 2 == 0 ? index / 2 - 1 : (index - 1) / 2
                guard stage >= 0, parts.count == 4 else { return nil }
                found = name(.merging(stage: stage), 2)
                break
            }
            if parts.count == 4 {
                guard index == 0, block == 0 || block == 2 else { return nil }
                found = name(block == 0 ? .patchProjection : .patchNorm)
            } else {
                found = name(.block(stage: index / 2, block: block), 3)
            }
        default: return nil
        }
        place = found.0
        part = found.1
        self.leaf = found.2
    }

    /// The stages of a network with these parameters.
    static func stageCount(_ names: [String]) -> Int {
        let last = names.compactMap { name -> Int? in
            guard case .block(let stage, _) = SwinName(name)?.place else { return nil }
            return stage
        }.max()
        return (last ?? 3) + 1
    }

    /// The last part of a bias table's name.
    static let table = "relative_position_bias_table"
}

extension CheckpointFamily {
    /// The family's names for a parameter of Swin.
    func swinSource(_ name: SwinName, stages: Int) -> TensorSource {
        let leaf = name.leaf.isEmpty ? "" : ".\(name.leaf)"
        switch name.place {
        case .patchProjection: return TensorSource(patchProjection + leaf)
        case .patchNorm: return TensorSource(patchNorm + leaf)
        case .finalNorm:
            let numbered = "norm\(stages - 1)\(leaf)"
            switch self {
            case .transformersSwin: return TensorSource("layernorm" + leaf)
            case .torchvisionSwin, .torchvisionVideoSwin: return TensorSource("norm" + leaf)
            case .mmdetectionSwin: return TensorSource(numbered, "norm" + leaf)
            default: return TensorSource("norm" + leaf, numbered)
            }
        case .merging(let stage):
            var source = TensorSource("\(merging(after: stage)).\(name.part)\(leaf)")
            source.isUnfolded = self == .mmdetectionSwin
            return source
        case .block(let stage, let block):
            let prefix = self.stage(stage) + ".\(block)."
            if self == .transformersSwin {
                return transformersSwinBlock(prefix, name.part, leaf)
            }
            return TensorSource(prefix + part(name.part) + leaf)
        }
    }

    private var patchProjection: String {
        switch self {
        case .torchvisionSwin: "features.0.0"
        case .mmdetectionSwin: "patch_embed.projection"
        case .transformersSwin: "embeddings.patch_embeddings.projection"
        default: "patch_embed.proj"
        }
    }

    private var patchNorm: String {
        switch self {
        case .torchvisionSwin: "features.0.2"
        case .transformersSwin: "embeddings.norm"
        default: "patch_embed.norm"
        }
    }

    /// The list of a stage's blocks.
    private func stage(_ stage: Int) -> String {
        switch self {
        case .torchvisionSwin: "features.\(2 * stage + 1)"
        case .torchvisionVideoSwin: "features.\(2 * stage)"
        case .mmdetectionSwin: "stages.\(stage).blocks"
        case .transformersSwin: "encoder.layers.\(stage).blocks"
        default: "layers.\(stage).blocks"
        }
    }

    private func merging(after stage: Int) -> String {
        switch self {
        case .torchvisionSwin: "features.\(2 * stage + 2)"
        case .torchvisionVideoSwin: "features.\(2 * stage + 1)"
        case .mmdetectionSwin: "stages.\(stage).downsample"
        case .transformersSwin: "encoder.layers.\(stage).downsample"
        case .timmSwin: "layers.\(stage + 1).downsample"
        default: "layers.\(stage).downsample"
        }
    }

    /// A part of a block in torchvision's words in this family's.
    private func part(_ part: String) -> String {
        switch self {
        case .torchvisionSwin, .torchvisionVideoSwin: return part
        case .mmdetectionSwin:
            switch part {
            case "mlp.0": return "ffn.layers.0.0"
            case "mlp.3": return "ffn.layers.1"
            default:
                return part.hasPrefix("attn.") ? "attn.w_msa." + part.dropFirst(5) : part
            }
        default:
            switch part {
            case "mlp.0": return "mlp.fc1"
            case "mlp.3": return "mlp.fc2"
            default: return part
            }
        }
    }

    /// The first names are those of files, the others those of modules since transformers 5.
    private func transformersSwinBlock(
        _ prefix: String, _ part: String, _ leaf: String
    ) -> TensorSource {
        func names(_ file: String, _ memory: String) -> TensorSource {
            TensorSource(prefix + file + leaf, prefix + memory + leaf)
        }
        switch part {
        case "norm1": return TensorSource(prefix + "layernorm_before" + leaf)
        case "norm2": return TensorSource(prefix + "layernorm_after" + leaf)
        case "mlp.0": return names("intermediate.dense", "mlp.fc1")
        case "mlp.3": return names("output.dense", "mlp.fc2")
        case "attn.proj": return names("attention.output.dense", "attention.o_proj")
        case "attn.qkv":
            return TensorSource([
                ["query", "key", "value"].map { "\(prefix)attention.self.\($0)\(leaf)" },
                ["q", "k", "v"].map { "\(prefix)attention.\($0)_proj\(leaf)" },
            ])
        default:
            return names(
                "attention.self.\(SwinName.table)",
                "attention.relative_position_bias.\(SwinName.table)")
        }
    }
}
