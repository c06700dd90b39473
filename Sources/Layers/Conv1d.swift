// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// A convolution along the time axis of `[B, T, Cin]`.
package final class Conv1d: AffineModule {
    /// `[Cout, Cin, K]`.
    package let weight: Parameter
    /// `[Cout]`, or none.
    package let bias: Parameter?
    private let stride: Int
    private let padding: Int

    /// A convolution from its tensors.
    package init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0) {
        self.weight = Parameter(weight)
        self.bias = bias.map { Parameter($0) }
        self.stride = stride
        self.padding = padding
    }

    /// A convolution with Xavier-uniform weights and a zero bias.
    package convenience init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        key: RandomKey
    ) {
        self.init(
            weight: .init(
                xavierUniform: [outputs, inputs, kernel], inputs: inputs * kernel,
                outputs: outputs * kernel, key: key), bias: Tensor(zeros: [outputs]),
            stride: stride, padding: padding)
    }

    /// The convolution, followed by ReLU where asked for.
    package func callAsFunction(_ x: Variable, _ context: Context, relu: Bool = false) -> Variable {
        x.conv1d(
            weight: context.use(weight), bias: bias.map(context.use), stride: stride,
            padding: padding, relu: relu)
    }
}

/// A transposed convolution along the time axis of `[B, T, Cin]`.
package final class ConvTranspose1d: AffineModule {
    /// `[Cin, Cout, K]`.
    package let weight: Parameter
    /// `[Cout]`.
    package let bias: Parameter
    private let stride: Int
    private let padding: Int
    private let outputPadding: Int

    /// A transposed convolution with Xavier-uniform weights and a zero bias.
    package init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int = 0,
        outputPadding: Int = 0, key: RandomKey
    ) {
        weight = Parameter(
            Tensor(
                xavierUniform: [inputs, outputs, kernel], inputs: inputs * kernel,
                outputs: outputs * kernel, key: key))
        bias = Parameter(Tensor(zeros: [outputs]))
        self.stride = stride
        self.padding = padding
        self.outputPadding = outputPadding
    }

    /// The transposed convolution, followed by ReLU where asked for.
    package func callAsFunction(_ x: Variable, _ context: Context, relu: Bool = false) -> Variable {
        x.convTranspose1d(
            weight: context.use(weight), bias: context.use(bias), stride: stride,
            padding: padding, outputPadding: outputPadding, relu: relu)
    }
}

/// Group normalisation of `[N, ..., C]`.
package final class GroupNorm: AffineModule {
    /// `[C]`.
    package let weight: Parameter
    /// `[C]`.
    package let bias: Parameter
    private let groups: Int
    private let epsilon: Double

    /// The identity scale on `channels`.
    package init(groups: Int, channels: Int, epsilon: Double = 1e-5) {
        precondition(
            groups > 0 && channels % groups == 0, "\(channels) channels in \(groups) groups")
        weight = Parameter(Tensor(repeating: 1, shape: [channels]))
        bias = Parameter(Tensor(zeros: [channels]))
        self.groups = groups
        self.epsilon = epsilon
    }

    /// The normalised values, followed by ReLU where asked for.
    package func callAsFunction(_ x: Variable, _ context: Context, relu: Bool = false) -> Variable {
        x.groupNorm(
            groups: groups, weight: context.use(weight), bias: context.use(bias),
            epsilon: epsilon, relu: relu)
    }
}

extension Tensor {
    /// Uniform draws within ±√(6 / (inputs + outputs)) (Glorot and Bengio, AISTATS 2010).
    package init(xavierUniform shape: [Int], inputs: Int, outputs: Int, key: RandomKey) {
        let bound = (6 / Double(inputs + outputs)).squareRoot()
        self.init(uniform: shape, in: -bound...bound, key: key)
    }
}
