// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Reversible
package import Tensors

/// A Swin transformer for images or clips, with torchvision's state-dict names.
///
/// Source: Liu and others, "Swin Transformer", ICCV 2021, and "Video Swin Transformer",
/// CVPR 2022.
package final class SwinTransformer: Backbone {
    /// The network's name in the catalog.
    package let name: String
    /// The sizes.
    package let configuration: SwinConfiguration
    private let patchEmbedding: PatchEmbedding
    private let patchNorm: LayerNorm
    private let blocks: [[SwinBlock]]
    let mergings: [PatchMerging]
    private let norm: LayerNorm

    /// A network at random weights (truncated normal, 0.02).
    package init(
        name: String, configuration: SwinConfiguration, key: RandomKey, dtype: DType = .float32
    ) {
        self.name = name
        self.configuration = configuration
        let epsilon = configuration.epsilon, stages = configuration.depths.indices
        patchEmbedding = PatchEmbedding(
            configuration.width, patch: configuration.patch, key: key.child("patch_embed"))
        patchNorm = LayerNorm(configuration.width, epsilon: epsilon)
        blocks = stages.map { stage in
            (0..<configuration.depths[stage]).map { index in
                SwinBlock(
                    configuration, stage: stage,
                    key: key.child("stages").child(stage).child(index))
            }
        }
        mergings = stages.dropLast().map { stage in
            PatchMerging(
                configuration.width(stage: stage), epsilon: epsilon,
                key: key.child("mergings").child(stage))
        }
        norm = LayerNorm(configuration.width(stage: stages.count - 1), epsilon: epsilon)
        if dtype != .float32 { convert(to: dtype) }
    }

    /// The families of checkpoints that hold its weights.
    package var families: [CheckpointFamily] { configuration.families }
    /// The window that attention sees.
    package var attentionWindow: [Int]? { configuration.window }
    /// What the network takes.
    package var input: InputLayout { configuration.input }
    /// Channels of the features.
    package var featureWidth: Int { configuration.width(stage: configuration.depths.count - 1) }
    /// Channels of each level's map.
    package var levelWidths: [Int] {
        configuration.depths.indices.map { configuration.width(stage: $0) }
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        // Images have the patches as `features.0`, clips have a module of their own.
        let first = configuration.isVideo ? 0 : 1
        if configuration.isVideo {
            registry.child("patch_embed", patchEmbedding)
            registry.child("patch_embed.norm", patchNorm)
        } else {
            registry.parameter("features.0.0.weight", patchEmbedding.weight)
            registry.parameter("features.0.0.bias", patchEmbedding.bias)
            registry.child("features.0.2", patchNorm)
        }
        for (stage, blocks) in blocks.enumerated() {
            registry.children("features.\(first + 2 * stage)", blocks)
            if stage < mergings.count {
                registry.child("features.\(first + 2 * stage + 1)", mergings[stage])
            }
        }
        registry.child("norm", norm)
    }

    /// The tokens of the last stage after the norm: `[N, H, W, C]`, or `[N, T, H, W, C]`.
    package func features(
        _ images: Variable, _ context: Context
    ) throws(ReversibleError) -> Variable {
        guard let level = try run(images, context, keepsLevels: false).last else {
            preconditionFailure("\(name) has no stages")
        }
        return level
    }

    /// The tokens of every stage before its merging, the last one's after the norm.
    package func levels(
        _ images: Variable, _ context: Context
    ) throws(ReversibleError) -> [FeatureLevel] {
        try run(images, context, keepsLevels: true).enumerated().map {
            stage, values in
            let space = configuration.patch.suffix(2).map { $0 << stage }
            return FeatureLevel(values: values, strides: configuration.patch.dropLast(2) + space)
        }
    }

    /// The last stage's tokens, or every stage's.
    private func run(
        _ images: Variable, _ context: Context, keepsLevels: Bool
    ) throws(ReversibleError) -> [Variable] {
        precondition(
            input.accepts(images.shape), "\(name): input \(images.shape), expected \(input.text)")
        let way = context.way
        var inner = context
        if way == .frozen { inner.tape = nil }
        let grids = configuration.grids(images.shape), stages = stages(grids)
        let samples = images.shape[0]
        let source = way == .frozen ? images.detached : images
        // All ways but `conventional` keep the input alone of layers around the stages.
        var x =
            way == .conventional
            ? embed(source, inner)
            : source.recomputing(inner) { [self] x, context in embed(x, context) }
        var result: [Variable] = []
        for (index, stage) in stages.enumerated() {
            let isLast = index == stages.count - 1
            let scope = inner.scoped(stage.name)
            let tail =
                isLast
                ? nil
                : mergings[index].layers(
                    samples: samples, grid: grids[index], tile: context.tile?.tokens)
            if let tail, !keepsLevels {
                x = try stage(x, scope, tail: tail)
                continue
            }
            x = try stage(x, scope)
            let values = isLast ? norm(x, inner) : x
            let width = configuration.width(stage: index)
            result.append(values.reshaped(to: [samples] + grids[index] + [width]))
            if let tail {
                x = way == .conventional ? tail.recorded(x, inner) : tail(x, inner)
            }
        }
        return result
    }

    /// Patches and their norm: `[N, tokens, C]`.
    private func embed(_ images: Variable, _ context: Context) -> Variable {
        var x = images
        if configuration.isVideo {
            for (axis, patch) in configuration.patch.enumerated() {
                let size = x.shape[axis + 2]
                x = x.padded(to: (size + patch - 1) / patch * patch, axis: axis + 2)
            }
        }
        x = patchEmbedding(x, context)
        return patchNorm(x, context)
    }

    /// The stages of an input, with their tokens.
    package func stagePlans(_ inputShape: [Int]) -> [StagePlan] {
        let grids = configuration.grids(inputShape)
        return stages(grids).enumerated().map { index, stage in
            StagePlan(
                stage: stage, tokens: grids[index].reduce(1, *),
                width: configuration.width(stage: index))
        }
    }

    /// The stages at given grids.
    func stages(_ grids: [[Int]]) -> [Stage] {
        let total = Double(max(1, configuration.depths.reduce(0, +) - 1))
        var before = 0
        return grids.enumerated().map { stage, grid in
            let half = configuration.window.map { $0 / 2 }
            let partitions = [half.map { _ in 0 }, half].map { shift in
                WindowPartition(
                    grid: grid, window: configuration.window, shift: shift,
                    rule: configuration.windowRule)
            }
            let groups = partitions.map(\.groups)
            let index = WindowPartition.relativeIndex(
                window: configuration.window, tokens: partitions[0].capacity)
            let branches = blocks[stage].enumerated().flatMap { position, block in
                block.branches(
                    name: "\(position)", windows: partitions[position % 2],
                    groups: groups[position % 2], index: index,
                    dropPathRate: configuration.dropPathRate * Double(before + position) / total)
            }
            before += blocks[stage].count
            return Stage(name: "stage \(stage)", branches: branches, branchesPerBlock: 2)
        }
    }
}
