// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Patch embedding as a node.
extension Variable {
    /// Projects each square patch of images, or each tubelet of clips: a convolution whose
    /// stride is its kernel.
    ///
    /// - Parameters:
    ///   - weight: `[C, channels, p, p]`, or `[C, channels, t, p, p]` for clips.
    ///   - bias: `[C]`.
    /// - Returns: `[B, N, C]` for `[B, channels, H, W]` or `[B, channels, T, H, W]`, patches in
    ///   row order, time steps in order.
    package func patchEmbedding(weight: Variable, bias: Variable? = nil) -> Variable {
        let shape = shape, weightShape = weight.shape
        let images = weight.needsGradient ? tensor : nil
        let w = needsGradient ? weight.tensor : nil
        let hasBias = bias != nil, needsBias = bias?.needsGradient ?? false
        return Variable.operation(
            tensor.patchEmbedding(weight: weight.tensor, bias: bias?.tensor),
            inputs: [self, weight] + (bias.map { [$0] } ?? [])
        ) { gradient in
            let input = w.map { gradient.patchEmbeddingInputGradient(weight: $0, images: shape) }
            let weights = images.map {
                $0.patchEmbeddingWeightGradient(of: gradient, shape: weightShape)
            }
            return [input, weights] + (hasBias ? [needsBias ? gradient.columnSums() : nil] : [])
        }
    }
}
