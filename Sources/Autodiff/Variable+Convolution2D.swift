// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Convolutions of maps `[N, H, W, C]` as nodes.
extension Variable {
    /// The convolution of `[N, H, W, Cin]`, with ReLU where asked for.
    ///
    /// - Parameters:
    ///   - weight: `[Cout, Cin, K, K]`.
    ///   - bias: `[Cout]`.
    ///   - stride: Pixels between two outputs.
    ///   - padding: Zero pixels around the map.
    ///   - relu: Whether ReLU follows; its mask is the kept output.
    /// - Returns: `[N, H', W', Cout]`, H' = (H + 2 padding - K) / stride + 1 and W' alike.
    package func conv2d(
        weight: Variable, bias: Variable?, stride: Int = 1, padding: Int = 0, relu: Bool = false
    ) -> Variable {
        let taps = Convolution2DShape(stride: stride, padding: padding)
        let linear = tensor.convolved2D(weight.tensor, bias: bias?.tensor, taps)
        let output = relu ? linear.relu() : linear
        let mask = relu ? output : nil
        let x = weight.needsGradient ? tensor : nil, w = needsGradient ? weight.tensor : nil
        let (height, width, kernel) = (shape[1], shape[2], weight.shape[2])
        let needsBias = bias?.needsGradient
        return Variable.operation(output, inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
            gradient in
            let g = mask.map { gradient.reluGradient(output: $0) } ?? gradient
            let byInput = w.map {
                g.convolution2DInputGradient($0, height: height, width: width, taps)
            }
            let byWeight = x.map { g.convolution2DWeightGradient($0, kernel: kernel, taps) }
            guard let needsBias else { return [byInput, byWeight] }
            return [byInput, byWeight, needsBias ? g.columnSums() : nil]
        }
    }

    /// The convolution of what `preparing` makes of this map, as one node that keeps the map alone:
    /// its backward pass prepares the input again.
    ///
    /// For a normalisation before a convolution: one map is kept where two would be.
    ///
    /// - Parameters:
    ///   - weight: `[Cout, C, K, K]`.
    ///   - bias: `[Cout]`.
    ///   - padding: Zeros on every side.
    ///   - preparing: A pure function of its input, of parameters and of the context.
    package func conv2d(
        weight: Variable, bias: Variable?, padding: Int, _ context: Context,
        preparing: @escaping (Variable, Context) -> Variable
    ) -> Variable {
        let taps = Convolution2DShape(stride: 1, padding: padding)
        let x = tensor, w = weight.tensor, isNeeded = needsGradient
        let needs = (weight: weight.needsGradient, bias: bias?.needsGradient)
        let (height, width) = (shape[1], shape[2])
        return .rerunning([self, weight, bias].compactMap(\.self), context) { watched, _ in
            let output = preparing(Variable(x), watched).tensor
                .convolved2D(w, bias: bias?.tensor, taps)
            return (
                output,
                { gradient in
                    let pass = Rerun.Pass(x, isNeeded: isNeeded, context, preparing)
                    let byWeight =
                        needs.weight
                        ? gradient.convolution2DWeightGradient(
                            pass.value, kernel: w.shape[2], taps) : nil
                    let byInput = pass.pullback(
                        gradient.convolution2DInputGradient(
                            w, height: height, width: width, taps))
                    guard let needsBias = needs.bias else { return [byInput, byWeight] }
                    return [byInput, byWeight, needsBias ? gradient.columnSums() : nil]
                }
            )
        }
    }

    /// The transposed convolution of `[N, H, W, Cin]`.
    ///
    /// - Parameters:
    ///   - weight: `[Cin, Cout, K, K]`.
    ///   - bias: `[Cout]`.
    ///   - stride: Output pixels between two inputs.
    ///   - padding: Pixels cut from every side of the output.
    /// - Returns: `[N, (H - 1) stride - 2 padding + K, (W - 1) stride - 2 padding + K, Cout]`.
    package func convTranspose2d(
        weight: Variable, bias: Variable?, stride: Int, padding: Int = 0
    ) -> Variable {
        let kernel = weight.shape[2]
        let size = shape[1...2].map { ($0 - 1) * stride - 2 * padding + kernel }
        precondition(
            size.allSatisfy { $0 > 0 }, "convTranspose2d: \(shape), weight \(weight.shape)")
        let taps = Convolution2DShape(stride: stride, padding: padding)
        let output = tensor.convolution2DInputGradient(
            weight.tensor, height: size[0], width: size[1], bias: bias?.tensor, taps)
        let x = weight.needsGradient ? tensor : nil, w = needsGradient ? weight.tensor : nil
        let needsBias = bias?.needsGradient
        return Variable.operation(output, inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
            gradient in
            let byInput = w.map { gradient.convolved2D($0, bias: nil, taps) }
            let byWeight = x.map { $0.convolution2DWeightGradient(gradient, kernel: kernel, taps) }
            guard let needsBias else { return [byInput, byWeight] }
            return [byInput, byWeight, needsBias ? gradient.columnSums() : nil]
        }
    }

    /// This map `[N, H, W, C]` plus a coarser one `[N, h, w, C]`, upsampled to the nearest pixel.
    package func addingUpsampled(_ coarse: Variable) -> Variable {
        let needs = (fine: needsGradient, coarse: coarse.needsGradient)
        let (height, width) = (coarse.shape[1], coarse.shape[2])
        return Variable.operation(
            tensor.addingUpsampled(coarse.tensor), inputs: [self, coarse]
        ) { gradient in
            let byCoarse =
                needs.coarse ? gradient.upsamplingGradient(height: height, width: width) : nil
            return [needs.fine ? gradient : nil, byCoarse]
        }
    }

    /// The maximum of each 2 by 2 pixels of `[N, H, W, C]`: `[N, H / 2, W / 2, C]`, rounded down.
    package func maxPool2d() -> Variable {
        let (samples, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
        precondition(height > 1 && width > 1, "maxPool2d of \(shape)")
        var indices: [Int32] = []
        indices.reserveCapacity(samples * height * width)
        for line in 0..<samples * (height / 2) {
            let first = (line / (height / 2) * height + line % (height / 2) * 2) * width
            for column in 0..<width / 2 {
                let corner = Int32(first + 2 * column), below = corner + Int32(width)
                indices += [corner, corner + 1, below, below + 1]
            }
        }
        return reshaped(to: [samples * height * width, channels])
            .gatherMax(indices, neighbours: 4)
            .reshaped(to: [samples, height / 2, width / 2, channels])
    }
}
