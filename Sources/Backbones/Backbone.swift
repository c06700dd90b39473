// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Reversible
package import Tensors

/// A pretrained network that turns images or clips into features, finetuned any way.
package protocol Backbone: Module {
    /// The registered name, such as `dinov2-small-14`.
    var name: String { get }
    /// Channels of the features.
    var featureWidth: Int { get }
    /// Pixels that the input's height and width are multiples of.
    var inputMultiple: Int { get }

    /// Key names that checkpoints may come with; the first are the network's own.
    var families: [CheckpointFamily] { get }
    /// The sides of the attention window, `[h, w]` or `[T, h, w]`; nil for global attention.
    ///
    /// Relative biases of another window or of images are fitted to it.
    var attentionWindow: [Int]? { get }

    /// The normalised tokens of preprocessed images.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, H, W]`, normalised.
    ///   - way: How the residual stages are run.
    ///   - tile: Slices of `checkpointed` and `dr2net`.
    ///   - context: The step's tape, mode and key.
    /// - Returns: `[N, tokens, C]`.
    /// - Throws: ``ReversibleError`` where a stream leaves the exact arithmetic's range.
    func features(
        _ images: Variable, way: FinetuningWay, tile: Tile?, _ context: Context
    ) throws(ReversibleError) -> Variable

    /// The stages of residual branches at an input size, for memory plans and measurements.
    func stagePlans(height: Int, width: Int) -> [StagePlan]

    /// The shapes of a training step at a batch size, for memory plans.
    func memoryShape(samples: Int, height: Int, width: Int, dtype: DType) -> MemoryPlan.Network
}

extension Backbone {
    package var attentionWindow: [Int]? { nil }
}
