// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Losses from logits as nodes: a weighted sum, a tensor of shape [1].
///
/// The gradient is worked out in the forward pass, so that one tensor of the logits' size is
/// kept. Means are expressed by the weights.
extension Variable {
    private func loss(_ result: LossValue) -> Variable {
        let total = Tensor([result.value], shape: [1], dtype: tensor.dtype)
        let slope = result.gradient
        return Variable.operation(total, inputs: [self]) { gradient in
            [slope?.scaled(by: gradient.item)]
        }
    }

    /// Σ weight · softmax cross-entropy over the rows of `[N, classes]`.
    public func softmaxCrossEntropy(targets: [Int32], weights: [Double]) -> Variable {
        loss(
            tensor.softmaxCrossEntropy(
                targets: targets, weights: weights, wantsGradient: needsGradient))
    }

    /// The weighted mean of softmax cross-entropy over the rows of `[N, classes]`, with label
    /// smoothing as PyTorch weights it.
    ///
    /// (1 - ε)·Σ w_t·(-log p_t) / Σ w_t + ε / C·Σ_i Σ_c w_c·(-log p_c) / Σ w_t.
    ///
    /// - Parameters:
    ///   - targets: One a row; rows below 0 are left out. Without any other, the loss is 0.
    ///   - classWeights: One a class, at least 0; nil for 1 each.
    ///   - smoothing: ε in [0, 1).
    public func smoothCrossEntropy(
        targets: [Int32], classWeights: [Double]? = nil, smoothing: Double = 0
    ) -> Variable {
        let classes = shape.last ?? 0
        let weights = classWeights ?? [Double](repeating: 1, count: classes)
        precondition(
            weights.count == classes && smoothing >= 0 && smoothing < 1,
            "smoothCrossEntropy: \(weights.count) weights for \(shape), smoothing \(smoothing)")
        let own = targets.map { $0 < 0 ? 0 : weights[Int($0)] }
        let total = own.reduce(0, +)
        let scale = total > 0 ? 1 / total : 0
        return loss(
            tensor.softmaxCrossEntropy(
                targets: targets, weights: own.map { $0 * (1 - smoothing) * scale },
                shares: smoothing > 0
                    ? weights.map { $0 * smoothing / Double(classes) * scale } : nil,
                wantsGradient: needsGradient))
    }

    /// Σ weight · sigmoid focal loss over `[N, C]` (Lin et al., ICCV 2017).
    ///
    /// - Parameters:
    ///   - targets: `[N, C]` in 0...1.
    ///   - weights: One a row.
    ///   - alpha: The weight of targets 1; negative for none.
    ///   - gamma: The focusing exponent, 0 or at least 1.
    package func sigmoidFocalLoss(
        targets: Tensor, weights: [Double], alpha: Double = 0.25, gamma: Double = 2
    ) -> Variable {
        loss(
            tensor.focalLoss(
                targets: targets, weights: weights, alpha: alpha, gamma: gamma,
                wantsGradient: needsGradient))
    }

    /// Σ weight · binary cross-entropy of logits; targets and weights have their shape.
    package func binaryCrossEntropy(targets: Tensor, weights: Tensor) -> Variable {
        loss(
            tensor.logitCrossEntropy(
                targets: targets, weights: weights, wantsGradient: needsGradient))
    }

    /// Σ weight · binary cross-entropy of probabilities; targets and weights have their shape.
    package func probabilityCrossEntropy(
        targets: Tensor, weights: Tensor, epsilon: Double = 1e-6
    ) -> Variable {
        loss(
            tensor.probabilityCrossEntropy(
                targets: targets, weights: weights, epsilon: epsilon, wantsGradient: needsGradient))
    }
}
