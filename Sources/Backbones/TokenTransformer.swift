// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Reversible
import Tensors

/// The blocks of a vision transformer on tokens that somebody else makes, with their positions
/// added again before every block (Pix4Point, Qian et al., 3DV 2024).
///
/// The network is read from any checkpoint of its families first; what is left of it here is the
/// class token, its position, the blocks and the last norm.
package final class TokenTransformer: Module {
    /// Channels of a token, C.
    package let width: Int
    private let classToken: Parameter
    private let classPosition: Parameter
    private let blocks: [TransformerBlock]
    private let norm: LayerNorm
    private let dropPathRate: Double

    /// The blocks of a network, shared with it; the class token's position starts at the
    /// network's own.
    ///
    /// - Parameter network: A network of images, which has a class token.
    package init(_ network: VisionTransformer) {
        guard let learned = network.learned else {
            preconditionFailure("\(network.name) has no class token")
        }
        width = network.featureWidth
        classToken = learned.classToken
        classPosition = Parameter(learned.positions.tensor.tokenSlice(0..<1))
        blocks = network.blocks
        norm = network.norm
        dropPathRate = network.configuration.dropPathRate
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("cls_token", classToken)
        registry.parameter("cls_pos", classPosition)
        registry.children("blocks", blocks)
        registry.child("norm", norm)
    }

    /// The normalised tokens.
    ///
    /// - Parameters:
    ///   - tokens: `[B, N, C]`.
    ///   - positions: `[B, N, C]`; they get their gradient in every way but `frozen`.
    /// - Returns: `[B, 1 + N, C]`, the class token first.
    /// - Throws: `ReversibleError` where a stream leaves the exact arithmetic's range.
    package func callAsFunction(
        _ tokens: Variable, positions: Variable, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let output = try stage(
            tokens.prependingToken(context.use(classToken)),
            side: positions.prependingToken(context.use(classPosition)),
            context.scoped("stage"))
        return norm(output, context)
    }

    /// The stage of a number of tokens a sample, for memory plans; the class token comes on top.
    package func stagePlan(tokens: Int) -> StagePlan {
        StagePlan(stage: stage, tokens: 1 + tokens, width: width)
    }

    private var stage: Stage {
        Stage(transformer: blocks, dropPathRate: dropPathRate, takesSide: true)
    }
}
