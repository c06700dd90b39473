// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// A convolution of maps `[N, H, W, Cin]` with a square kernel.
public final class Conv2d: AffineModule {
    /// `[Cout, Cin, K, K]`.
    public let weight: Parameter
    /// `[Cout]`, or none.
    public let bias: Parameter?
    private let stride: Int
    private let padding: Int

    /// A convolution from its tensors.
    public init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0) {
        precondition(
            weight.rank == 4 && weight.shape[2] == weight.shape[3]
                && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
            "Conv2d: weight \(weight.shape) and bias \(bias?.shape ?? [])")
        self.weight = Parameter(weight)
        self.bias = bias.map { Parameter($0) }
        self.stride = stride
        self.padding = padding
    }

    /// A convolution to train, with a zero bias; padded so that stride 1 keeps the size.
    ///
    /// - Parameter standardDeviation: Of normal weights; nil for uniform ones of variance
    ///   1 / inputs of an output (He et al., ICCV 2015, for linear units).
    public convenience init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, hasBias: Bool = true,
        standardDeviation: Double? = nil, key: RandomKey
    ) {
        let shape = [outputs, inputs, kernel, kernel]
        self.init(
            weight: standardDeviation.map { Tensor(normal: shape, standardDeviation: $0, key: key) }
                ?? Tensor(uniform: shape, fanIn: inputs * kernel * kernel, key: key),
            bias: hasBias ? Tensor(zeros: [outputs]) : nil, stride: stride, padding: kernel / 2)
    }

    /// The convolution, followed by ReLU where asked for.
    public func callAsFunction(_ x: Variable, _ context: Context, relu: Bool = false) -> Variable {
        x.conv2d(
            weight: context.use(weight), bias: bias.map(context.use), stride: stride,
            padding: padding, relu: relu)
    }

    /// The convolution of what `preparing`, a pure function, makes of `x`; keeps `x` alone.
    public func callAsFunction(
        _ x: Variable, _ context: Context,
        preparing: @escaping (Variable, Context) -> Variable
    ) -> Variable {
        precondition(stride == 1, "Conv2d: a prepared input at stride \(stride)")
        return x.conv2d(
            weight: context.use(weight), bias: bias.map(context.use), padding: padding, context,
            preparing: preparing)
    }
}

/// A transposed convolution of maps `[N, H, W, Cin]` whose kernel is as large as its stride: it
/// doubles the sides (K = 2).
public final class ConvTranspose2d: AffineModule {
    /// `[Cin, Cout, K, K]`.
    public let weight: Parameter
    /// `[Cout]`.
    public let bias: Parameter

    /// A transposed convolution to train, with uniform weights of variance 1 / Cin and a zero bias.
    public init(_ inputs: Int, _ outputs: Int, kernel: Int = 2, key: RandomKey) {
        weight = Parameter(
            Tensor(uniform: [inputs, outputs, kernel, kernel], fanIn: inputs, key: key))
        bias = Parameter(Tensor(zeros: [outputs]))
    }

    /// `[N, K H, K W, Cout]`.
    public func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x.convTranspose2d(
            weight: context.use(weight), bias: context.use(bias), stride: weight.shape[2])
    }
}

extension Tensor {
    /// Uniform draws of variance 1 / fanIn.
    init(uniform shape: [Int], fanIn: Int, key: RandomKey) {
        let bound = (3 / Double(max(1, fanIn))).squareRoot()
        self.init(uniform: shape, in: -bound...bound, key: key)
    }
}
