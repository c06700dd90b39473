// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Batch normalisation layer") struct BatchNormTests {
    private let x = Tensor(normal: [10, 3], key: RandomKey(seed: 1), dtype: .float64)

    @Test("training moves the running statistics, inference takes them, neither trains them")
    func runningStatistics() {
        let layer = BatchNorm(3)
        layer.convert(to: .float64)
        #expect(
            layer.namedParameters.map(\.name) == ["weight", "bias", "running_mean", "running_var"])
        let untouched = layer(Variable(x), .inference).tensor
        #expect(relativeError(untouched, x.scaled(by: 1 / (1 + 1e-5).squareRoot())) < 1e-12)
        let tape = Tape(), context = Context(tape: tape, isTraining: true)
        let y = layer(tape.input(x), context)
        tape.backward(from: y)
        #expect(layer.weight.gradient != nil && layer.bias.gradient != nil)
        #expect(layer.mean.gradient == nil && layer.variance.gradient == nil)
        let values = x.doubles
        for channel in 0..<3 {
            let column = (0..<10).map { values[3 * $0 + channel] }
            let mean = column.reduce(0, +) / 10
            let variance = column.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / 9
            #expect(abs(layer.mean.tensor.doubles[channel] - 0.1 * mean) < 1e-12)
            #expect(
                abs(layer.variance.tensor.doubles[channel] - (0.9 + 0.1 * variance)) < 1e-10)
        }
        let error = GradientCheck.worstError([x]) { layer($0[0], .inference, relu: true) }
        #expect(error < 1e-7)
    }

    @Test("many steps on one batch make inference agree with training")
    func runningStatisticsConverge() {
        let layer = BatchNorm(3, momentum: 0.5)
        layer.convert(to: .float64)
        let context = Context(isTraining: true)
        var y = layer(Variable(x), context, relu: true).tensor
        for _ in 0..<60 { y = layer(Variable(x), context, relu: true).tensor }
        let inferred = layer(Variable(x), .inference, relu: true).tensor
        // The running variance is over n - 1.
        #expect(relativeError(inferred, y.scaled(by: (9.0 / 10).squareRoot())) < 1e-4)
    }
}
