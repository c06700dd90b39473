// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Reversible
package import Tensors

/// A plain vision transformer with timm's state-dict names.
///
/// Source: Dosovitskiy et al., ICLR 2021; with LayerScale as in DINOv2, Oquab et al., 2023.
package final class VisionTransformer: Backbone {
    package let name: String
    /// The sizes.
    package private(set) var configuration: VisionTransformerConfiguration
    private let patchEmbedding: PatchEmbedding
    private let classToken: Parameter
    private let positions: Parameter
    private let blocks: [TransformerBlock]
    private let norm: LayerNorm

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
            width, patch: configuration.patchSize, key: key.child("patch_embed"))
        classToken = Parameter(
            Tensor(
                truncatedNormal: [1, 1, width], standardDeviation: 0.02,
                key: key.child("cls_token")))
        positions = Parameter(
            Tensor(
                truncatedNormal: [1, tokens, width], standardDeviation: 0.02,
                key: key.child("pos_embed")))
        blocks = (0..<configuration.depth).map {
            TransformerBlock(configuration, key: key.child("blocks").child($0))
        }
        norm = LayerNorm(width, epsilon: configuration.epsilon)
        if dtype != .float32 { convert(to: dtype) }
    }

    /// How positions are resized; weights of another library bring its own rule.
    package var positionRule: PositionRule {
        get { configuration.positionRule }
        set { configuration.positionRule = newValue }
    }

    package var families: [CheckpointFamily] { configuration.families }
    package var featureWidth: Int { configuration.width }
    package var inputMultiple: Int { configuration.patchSize }

    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("cls_token", classToken)
        registry.parameter("pos_embed", positions)
        registry.child("patch_embed", patchEmbedding)
        registry.children("blocks", blocks)
        registry.child("norm", norm)
    }

    /// Class token first, then patches row by row: `[N, 1 + (H/p)·(W/p), C]`.
    package func features(
        _ images: Variable, way: FinetuningWay, tile: Tile?, _ context: Context
    ) throws(ReversibleError) -> Variable {
        var inner = context
        if way == .frozen { inner.tape = nil }
        let input = way == .frozen ? images.detached : images
        let tokens = try stage(
            embed(input, inner), way: way, tile: tile, inner.scoped("stage"))
        return norm(tokens, inner)
    }

    package func memoryShape(samples: Int, height: Int, width: Int, dtype: DType)
        -> MemoryPlan.Network
    {
        let c = configuration.width, patch = configuration.patchSize
        let patches = (height / patch) * (width / patch), pixels = 3 * patch * patch
        let grid = configuration.gridSize * configuration.gridSize
        let isResized =
            height / patch != configuration.gridSize
            || width / patch != configuration.gridSize
        let matrix = isResized ? (1 + patches) * (1 + grid) : 0
        // A weight gradient gathers up to 4,096 patches, whole samples, at a time.
        let gathered = min(samples, max(1, 4096 / max(1, patches))) * patches * pixels
        // The forward pass unfolds whole rows of patches, about 256 patches a thread.
        let down = height / patch, across = max(1, width / patch)
        let block = max(1, min(down, 256 / across))
        let pieces = samples * ((down + block - 1) / block)
        let unfolded = min(Parallel.threadCount, pieces) * block * across * pixels
        return MemoryPlan.Network(
            stages: stagePlans(height: height, width: width), samples: samples,
            parameters: parameterCount, inputs: samples * 3 * height * width,
            // Patches, with the class token, with positions; then the weight's gradient.
            embedding: (
                forward: max(
                    3 * samples * (1 + patches) * c + matrix, samples * patches * c + unfolded),
                backward: gathered + c * pixels + (1 + grid) * c
            ), dtype: dtype)
    }

    package func stagePlans(height: Int, width: Int) -> [StagePlan] {
        let patch = configuration.patchSize
        let tokens = 1 + (height / patch) * (width / patch)
        return [
            StagePlan(stage: stage, tokens: tokens, width: configuration.width)
        ]
    }

    /// Patches, class token and positions: the input of the first block, `[N, tokens, C]`.
    package func embed(_ images: Variable, _ context: Context) -> Variable {
        let patch = configuration.patchSize, shape = images.shape
        precondition(
            shape.count == 4 && shape[1] == 3 && shape[2] % patch == 0 && shape[3] % patch == 0,
            "\(name): images \(shape), expected [N, 3, H, W] with H and W multiples of \(patch)")
        let patches = patchEmbedding(images, context)
        let tokens = patches.prependingToken(context.use(classToken))
        return tokens.addingToSamples(
            gridPositions(rows: shape[2] / patch, columns: shape[3] / patch, context))
    }

    private func gridPositions(rows: Int, columns: Int, _ context: Context) -> Variable {
        let variable = context.use(positions)
        let matrix = PositionInterpolation.matrix(
            grid: configuration.gridSize, rows: rows, columns: columns,
            rule: configuration.positionRule, dtype: variable.tensor.dtype)
        return matrix.map { variable.mixingTokens(by: $0) } ?? variable
    }

    /// The blocks as one stage: attention and MLP branches in turn.
    private var stage: Stage {
        let last = Double(max(1, configuration.depth - 1))
        let branches = blocks.enumerated().flatMap { index, block in
            block.branches(
                index: index, dropPathRate: configuration.dropPathRate * Double(index) / last)
        }
        return Stage(name: "blocks", branches: branches, branchesPerBlock: 2)
    }
}

/// One pre-norm block, as two branches.
final class TransformerBlock: Module {
    let width: Int
    let heads: Int
    let hidden: Int
    let hasLayerScale: Bool
    private let norm1: LayerNorm
    private let attention: MultiHeadAttention
    private let scale1: LayerScale?
    private let norm2: LayerNorm
    private let mlp: MLP
    private let scale2: LayerScale?

    init(_ configuration: VisionTransformerConfiguration, key: RandomKey) {
        let width = configuration.width, epsilon = configuration.epsilon
        self.width = width
        heads = configuration.heads
        hidden = width * configuration.mlpRatio
        hasLayerScale = configuration.hasLayerScale
        norm1 = LayerNorm(width, epsilon: epsilon)
        attention = MultiHeadAttention(
            width, heads: configuration.heads, key: key.child("attn"))
        norm2 = LayerNorm(width, epsilon: epsilon)
        mlp = MLP(
            width, hidden: width * configuration.mlpRatio, key: key.child("mlp"))
        let scaled = configuration.hasLayerScale
        scale1 = scaled ? LayerScale(width) : nil
        scale2 = scaled ? LayerScale(width) : nil
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("norm1", norm1)
        registry.child("attn", attention)
        if let scale1 { registry.child("ls1", scale1) }
        registry.child("norm2", norm2)
        registry.child("mlp", mlp)
        if let scale2 { registry.child("ls2", scale2) }
    }

    /// F for the attention half and for the MLP half; LayerScale belongs to F.
    func branches(index: Int, dropPathRate: Double) -> [Branch] {
        [
            Branch(
                name: "\(index).attn", unit: .sample, dropPathRate: dropPathRate,
                footprint: attentionFootprint
            ) { [norm1, attention, scale1] x, context in
                let output = attention(norm1(x, context), context)
                return scale1?(output, context) ?? output
            },
            Branch(
                name: "\(index).mlp", unit: .token, dropPathRate: dropPathRate,
                footprint: mlpFootprint
            ) { [norm2, mlp, scale2] x, context in
                let output = mlp(norm2(x, context), context)
                return scale2?(output, context) ?? output
            },
        ]
    }
}
