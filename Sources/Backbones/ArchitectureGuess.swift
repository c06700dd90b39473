// SPDX-License-Identifier: Apache-2.0
import Checkpoints

/// Which network a file seems to hold, told from its keys and shapes, for messages.
struct ArchitectureGuess {
    /// A catalogue-like name, such as `swin-tiny`, or a description, such as `a ResNet`.
    let name: String
    /// Whether ``name`` is written as backbones are.
    let isCatalogued: Bool

    /// Nil for a file of nothing known.
    init?(_ state: StateDict) {
        let names = state.names
        func has(_ part: String) -> Bool { names.contains { $0.contains(part) } }
        func shape(endingWith suffixes: [String]) -> [Int]? {
            for suffix in suffixes {
                let found = names.first { $0 == suffix || $0.hasSuffix("." + suffix) }
                if let found, let shape = state.value(found)?.shape { return shape }
            }
            return nil
        }
        let patch = shape(endingWith: [
            "patch_embed.proj.weight", "patch_embed.projection.weight",
            "patch_embeddings.projection.weight", "features.0.0.weight", "conv_proj.weight",
        ])
        if has("logit_scale"), has("cpb_mlp") {
            self.init("a Swin V2")
        } else if let patch, patch.count >= 4, has(SwinName.table) {
            let depth = names.reduce(0) { $0 + ($1.hasSuffix(SwinName.table) ? 1 : 0) }
            let size = ArchitectureGuess.swinSizes.first {
                $0.width == patch[0] && $0.depth == depth
            }
            self.init(
                patch.count == 5 ? "video-swin" : "swin", size?.name,
                "a Swin of width \(patch[0]) and \(depth) blocks")
        } else if let patch, patch.count == 5 {
            self.init(
                "videomae", ArchitectureGuess.size(patch),
                "a video transformer of width \(patch[0]) and patch \(patch[2...])")
        } else if let patch, patch.count == 4, has("cls_token") || has("class_token") {
            let isDinov2 = has("ls1.gamma") || has("lambda1")
            self.init(
                isDinov2 ? "dinov2" : "vit", ArchitectureGuess.size(patch),
                "a vision transformer of width \(patch[0]) and patch \(patch[3])")
        } else if has("layer1.0.conv1.weight") || has("layer1.0.conv1.conv.weight") {
            self.init("a ResNet")
        } else if has("dwconv.weight") || has("conv_dw.weight") {
            self.init("a ConvNeXt or another convolutional network")
        } else {
            return nil
        }
    }

    private init(_ description: String) {
        name = description
        isCatalogued = false
    }

    private init(_ kind: String, _ size: String?, _ description: String) {
        name = size.map { "\(kind)-\($0)" } ?? description
        isCatalogued = size != nil
    }

    private static let swinSizes: [(name: String, width: Int, depth: Int)] = [
        ("tiny", 96, 12), ("small", 96, 24), ("base", 128, 24), ("large", 192, 24),
    ]

    /// `small-16` for a patch convolution `[384, 3, …, 16, 16]`; nil for an unusual width.
    private static func size(_ patch: [Int]) -> String? {
        let widths = [
            192: "tiny", 384: "small", 768: "base", 1024: "large", 1280: "huge", 1536: "giant",
        ]
        return widths[patch[0]].map { "\($0)-\(patch[patch.count - 1])" }
    }

    /// The end of a message about a file that does not fit `backbone`; empty where this is it.
    func advice(for backbone: String) -> String {
        guard name != backbone else { return "" }
        if isCatalogued, BackboneCatalog.entry(name) != nil {
            return "; the file looks like \(name): choose that backbone"
        }
        return "; the file looks like \(name), expected \(backbone): choose another file"
    }
}
