// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Batch normalisation of the channels of `[..., C]`, with ReLU where asked for.
///
/// Training takes the batch's statistics and moves the running ones, which inference takes. The
/// running statistics are part of the state dict and are never trained. A recomputation must see
/// the whole batch again; it leaves them alone (`Context.repeats`).
package final class BatchNorm: Module {
    /// `[C]`.
    package let weight: Parameter
    /// `[C]`.
    package let bias: Parameter
    /// The running mean, `[C]`.
    package let mean: Parameter
    /// The running variance, `[C]`.
    package let variance: Parameter
    private let epsilon: Double
    private let momentum: Double

    /// A layer that starts as plain normalisation.
    ///
    /// - Parameter momentum: The share of a batch in the running statistics.
    package init(_ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) {
        weight = Parameter(Tensor(repeating: 1, shape: [channels]))
        bias = Parameter(Tensor(zeros: [channels]))
        mean = Parameter(Tensor(zeros: [channels]))
        variance = Parameter(Tensor(repeating: 1, shape: [channels]))
        mean.isTrainable = false
        variance.isTrainable = false
        self.epsilon = epsilon
        self.momentum = momentum
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
        registry.parameter("running_mean", mean)
        registry.parameter("running_var", variance)
    }

    /// `[..., C]` for `[..., C]`.
    package func callAsFunction(_ x: Variable, _ context: Context, relu: Bool = false) -> Variable {
        guard context.isTraining else { return inference(x, context, relu: relu) }
        let (output, batchMean, batchVariance) = x.batchNorm(
            weight: context.use(weight), bias: context.use(bias), epsilon: epsilon, relu: relu)
        follow(
            (batchMean, batchVariance), rows: x.tensor.count / max(1, batchMean.count), context)
        return output
    }

    /// A batch for whoever normalises it in parts in training; ``follow(_:rows:_:)`` is theirs.
    package func rows(weight: Variable, bias: Variable) -> NormalizedRows {
        NormalizedRows(weight: weight.tensor, bias: bias.tensor, epsilon: epsilon)
    }

    /// Moves the running statistics towards a batch's, unless the pass is repeated.
    package func follow(
        _ statistics: (mean: [Double], variance: [Double]), rows: Int, _ context: Context
    ) {
        guard !context.repeats else { return }
        let n = Double(rows)
        move(mean, to: statistics.mean)
        // The running variance is that of a sample, over n - 1.
        move(variance, to: statistics.variance.map { $0 * n / max(1, n - 1) })
    }

    private func move(_ running: Parameter, to batch: [Double]) {
        let target = Tensor(batch, shape: running.shape, dtype: running.tensor.dtype)
        running.tensor = Tensor.axpby(1 - momentum, running.tensor, momentum, target)
    }

    private func inference(_ x: Variable, _ context: Context, relu: Bool) -> Variable {
        let channels = mean.shape[0], dtype = mean.tensor.dtype
        func row(_ values: [Double]) -> Variable {
            Variable(Tensor(values, shape: [channels], dtype: dtype))
        }
        let inverse = variance.tensor.doubles.map { 1 / ($0 + epsilon).squareRoot() }
        let scale = context.use(weight) * row(inverse)
        let shift =
            context.use(bias) + scale * row(mean.tensor.doubles.map { -$0 })
        let output = x.reshaped(to: [-1, channels]).multiplyingRow(scale)
            .addingToSamples(shift.reshaped(to: [1, channels])).reshaped(to: x.shape)
        return relu ? output.relu() : output
    }
}
