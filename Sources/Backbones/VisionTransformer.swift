// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Reversible
package import Tensors

/// A plain vision transformer for images with timm's state-dict names, or for clips with
/// VideoMAE's.
///
/// Source: Dosovitskiy et al., ICLR 2021; with LayerScale as in DINOv2, Oquab et al., 2023; for
/// clips as in VideoMAE, Tong et al., NeurIPS 2022.
package final class VisionTransformer: Backbone {
    /// The network's name in the catalog.
    package let name: String
    /// The sizes.
    package private(set) var configuration: VisionTransformerConfiguration
    private let patchEmbedding: PatchEmbedding
    /// The class token and learned positions, of images.
    let learned: (classToken: Parameter, positions: Parameter)?
    let blocks: [TransformerBlock]
    let norm: LayerNorm

    /// A network at random weights (truncated normal, 0.02).
    package init(
        name: String, configuration: VisionTransformerConfiguration, key: RandomKey,
        dtype: DType = .float32
    ) {
        self.name = name
        self.configuration = configuration
        let width = configuration.width
        let tokens = 1 + configuration.gridSize * configuration.gridSize
        patchEmbedding = PatchEmbedding(
            width, patch: configuration.patch, key: key.child("patch_embed"))
        func draw(_ shape: [Int], _ name: String) -> Parameter {
            Parameter(
                Tensor(truncatedNormal: shape, standardDeviation: 0.02, key: key.child(name)))
        }
        learned =
            configuration.isVideo
            ? nil : (draw([1, 1, width], "cls_token"), draw([1, tokens, width], "pos_embed"))
        blocks = (0..<configuration.depth).map {
            TransformerBlock(configuration, key: key.child("blocks").child($0))
        }
        norm = LayerNorm(width, epsilon: configuration.epsilon)
        if dtype != .float32 { convert(to: dtype) }
    }

    /// Of images; weights of another library bring its own rule.
    package var positionRule: PositionRule? {
        get { configuration.isVideo ? nil : configuration.positionRule }
        set {
            precondition(
                (newValue == nil) == configuration.isVideo,
                "\(name): positions by \(newValue, default: "no rule")")
            if let newValue { configuration.positionRule = newValue }
        }
    }

    /// Of images; weights that were trained at another size bring their own grid.
    package var positionGrid: Int? {
        get { configuration.isVideo ? nil : configuration.gridSize }
        set {
            guard let newValue, newValue != positionGrid, let learned else { return }
            let old = learned.positions.tensor
            configuration.gridSize = newValue
            learned.positions.tensor = Tensor(
                truncatedNormal: [1, 1 + newValue * newValue, configuration.width],
                standardDeviation: 0.02, key: RandomKey(seed: 0).child("pos_embed")
            )
            .converted(to: old.dtype)
        }
    }

    /// The families of checkpoints that hold its weights.
    package var families: [CheckpointFamily] { configuration.families }
    /// Channels of the features.
    package var featureWidth: Int { configuration.width }
    /// Tokens before those of patches.
    package var leadingTokens: Int { configuration.leadingTokens }
    /// What the network takes.
    package var input: InputLayout { configuration.input }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        if let learned {
            registry.parameter("cls_token", learned.classToken)
            registry.parameter("pos_embed", learned.positions)
        }
        registry.child("patch_embed", patchEmbedding)
        registry.children("blocks", blocks)
        registry.child("norm", norm)
    }

    /// `[N, tokens, C]`: the class token first, then patches row by row, time steps in order.
    package func features(
        _ images: Variable, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let isFrozen = context.way == .frozen
        var inner = context
        if isFrozen { inner.tape = nil }
        let input = isFrozen ? images.detached : images
        return norm(try stage(embed(input, inner), inner.scoped("stage")), inner)
    }

    /// The patches' features as one grid.
    package func levels(
        _ images: Variable, _ context: Context
    ) throws(ReversibleError) -> [FeatureLevel] {
        let tokens = try features(images, context)
        let shape = tokens.shape, first = configuration.leadingTokens
        let patches = first == 0 ? tokens : tokens.tokenSlice(first..<shape[1])
        let grid = configuration.grid(images.shape)
        return [
            FeatureLevel(
                values: patches.reshaped(to: [shape[0]] + grid + [shape[2]]),
                strides: configuration.patch)
        ]
    }

    /// Patches, class token and positions: the input of the first block, `[N, tokens, C]`.
    package func embed(_ images: Variable, _ context: Context) -> Variable {
        let shape = images.shape
        precondition(input.accepts(shape), "\(name): input \(shape), expected \(input.text)")
        let grid = configuration.grid(shape)
        let patches = patchEmbedding(images, context)
        guard let learned else {
            let positions = SinePositions.table(
                grid: configuration.gridSize, to: grid, width: configuration.width,
                rule: configuration.positionRule, dtype: images.tensor.dtype)
            return patches.addingToSamples(Variable(positions))
        }
        let tokens = patches.prependingToken(context.use(learned.classToken))
        let variable = context.use(learned.positions)
        let matrix = PositionInterpolation.matrix(
            grid: configuration.gridSize, rows: grid[0], columns: grid[1],
            rule: configuration.positionRule, dtype: variable.tensor.dtype)
        return tokens.addingToSamples(matrix.map { variable.mixingTokens(by: $0) } ?? variable)
    }

    /// The stages of an input, with their tokens.
    package func stagePlans(_ inputShape: [Int]) -> [StagePlan] {
        let patches = configuration.grid(inputShape).reduce(1, *)
        return [
            StagePlan(
                stage: stage, tokens: configuration.leadingTokens + patches,
                width: configuration.width)
        ]
    }

    /// The blocks as one stage: attention and MLP branches in turn.
    var stage: Stage {
        Stage(transformer: blocks, dropPathRate: configuration.dropPathRate, takesSide: false)
    }
}

extension Stage {
    /// Attention and MLP branches in turn.
    ///
    /// - Parameters:
    ///   - dropPathRate: Of the last block; earlier ones grow linearly from 0.
    ///   - takesSide: Whether positions are added again before each block.
    init(transformer blocks: [TransformerBlock], dropPathRate: Double, takesSide: Bool) {
        let last = Double(max(1, blocks.count - 1))
        let branches = blocks.enumerated().flatMap { index, block in
            block.branches(
                index: index, dropPathRate: dropPathRate * Double(index) / last,
                takesSide: takesSide)
        }
        self.init(name: "blocks", branches: branches, branchesPerBlock: 2)
    }
}
