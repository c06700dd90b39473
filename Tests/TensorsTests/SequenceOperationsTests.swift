// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Pooling, group normalisation, resampling, slicing", .serialized)
struct SequenceOperationsTests {
    private func column(_ values: [Double]) -> Tensor {
        Tensor(values, shape: [1, values.count, 1])
    }

    @Test func poolsMaxima() {
        let x = column([1, 4, 2, 2, -3, -5, 7])
        #expect(x.maxPooled1D(kernel: 2, stride: 2).doubles == [4, 2, -3])
        #expect(x.maxPooled1D(kernel: 3, stride: 2, padding: 1).doubles == [4, 4, 2, 7])
        let gradient = x.maxPool1DGradient(column([1, 10, 100]), kernel: 2, stride: 2)
        #expect(gradient.doubles == [0, 1, 10, 0, 100, 0, 0])
    }

    /// Values that PyTorch's `interpolate` gives.
    @Test func resamplesAsPyTorchDoes() {
        let x = column([0, 1, 4, 9])
        #expect(x.interpolated(to: 7, .linearAligned).doubles == [0, 0.5, 1, 2.5, 4, 6.5, 9])
        #expect(
            x.interpolated(to: 8, .linear).doubles
                == [0, 0.25, 0.75, 1.75, 3.25, 5.25, 7.75, 9])
        #expect(x.interpolated(to: 2, .linear).doubles == [0.5, 6.5])
        #expect(x.interpolated(to: 6, .nearest).doubles == [0, 0, 1, 4, 4, 9])
        #expect(x.interpolated(to: 1, .linearAligned).doubles == [0])
    }

    @Test(arguments: [InterpolationMode.nearest, .linear, .linearAligned])
    func resamplingHasItsAdjoint(_ mode: InterpolationMode) {
        let x = Tensor(normal: [2, 9, 3], key: RandomKey(seed: 1), dtype: .float64)
        for length in [1, 4, 9, 23] {
            let y = x.interpolated(to: length, mode)
            let g = Tensor(normal: y.shape, key: RandomKey(seed: 2), dtype: .float64)
            let difference = y.dot(g) - x.dot(g.interpolationGradient(length: 9, mode))
            #expect(abs(difference) < 1e-12)
        }
    }

    @Test func normalisesOverTimeAndTheGroupsChannels() {
        let x = Tensor(normal: [2, 5, 6], key: RandomKey(seed: 3), dtype: .float64)
        let w = Tensor(normal: [6], key: RandomKey(seed: 4), dtype: .float64)
        let b = Tensor(normal: [6], key: RandomKey(seed: 5), dtype: .float64)
        var expected = x.doubles
        let xs = x.doubles, ws = w.doubles, bs = b.doubles
        for n in 0..<2 {
            for group in 0..<3 {
                let at = (0..<5).flatMap { t in (0..<2).map { (n * 5 + t) * 6 + group * 2 + $0 } }
                let mean = at.reduce(0) { $0 + xs[$1] } / 10
                let variance = at.reduce(0) { $0 + (xs[$1] - mean) * (xs[$1] - mean) } / 10
                for i in at {
                    expected[i] = (xs[i] - mean) / sqrt(variance + 1e-5) * ws[i % 6] + bs[i % 6]
                }
            }
        }
        let reference = Tensor(expected, shape: x.shape)
        let output = x.groupNormalized(groups: 3, weight: w, bias: b, epsilon: 1e-5).output
        #expect(relativeError(output, reference) < 1e-13)
        let single = x.converted(to: .float32).groupNormalized(
            groups: 3, weight: w.converted(to: .float32), bias: b.converted(to: .float32),
            epsilon: 1e-5)
        #expect(relativeError(single.output, reference) < 1e-5)
    }

    @Test func slicesAndJoinsAnyAxis() {
        let x = Tensor((0..<24).map(Double.init), shape: [2, 3, 4])
        #expect(x.slice(1..<2, axis: 1).doubles == [4, 5, 6, 7, 16, 17, 18, 19])
        #expect(x.slice(2..<4, axis: 2).doubles == [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23])
        for axis in 0..<3 {
            let size = x.shape[axis]
            let parts = [x.slice(0..<1, axis: axis), x.slice(1..<size, axis: axis)]
            #expect(Tensor.concatenated(parts, axis: axis).isIdentical(to: x))
            let halves =
                parts[0].embedded(at: 0, of: size, axis: axis)
                + parts[1].embedded(at: 1, of: size, axis: axis)
            #expect(halves.isIdentical(to: x))
        }
    }

    @Test func squashesAndClips() {
        let x = Tensor([-2, 0, 3], shape: [3])
        #expect(x.relu().doubles == [0, 0, 3])
        let expected = Tensor([-2, 0, 3].map { 1 / (1 + exp(-$0)) }, shape: [3])
        #expect(relativeError(x.sigmoid(), expected) < 1e-15)
        let classes = Tensor([0, log(3), 1000, 1000], shape: [2, 2]).classProbabilities()
        #expect(relativeError(classes, Tensor([0.25, 0.75, 0.5, 0.5], shape: [2, 2])) < 1e-15)
    }

    private func everything(_ x: Tensor) -> [Tensor] {
        let w = Tensor(uniform: [32], in: 0.5...1.5, key: RandomKey(seed: 12), dtype: x.dtype)
        let normalized = x.groupNormalized(groups: 4, weight: w, bias: w, epsilon: 1e-5)
        let parts = x.groupNormGradient(
            x, groups: 4, weight: w, statistics: normalized.statistics)
        return [
            normalized.output, parts.input, parts.weight, parts.bias,
            x.maxPooled1D(kernel: 2, stride: 2), x.interpolated(to: 77, .linear),
            x.interpolationGradient(length: 20, .linear), x.sigmoid(), x.relu(),
            x.sigmoidGradient(output: x), x.reluGradient(output: x), x.classProbabilities(),
        ]
    }

    @Test func threadsChangeNoBit() {
        let x = Tensor(normal: [3, 50, 32], key: RandomKey(seed: 11))
        let results = withThreadCounts { everything(x) }
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }

    @Test func levelsAgree() {
        let x = Tensor(normal: [3, 50, 32], key: RandomKey(seed: 11))
        let exact = everything(x.converted(to: .float64))
        atEachLevel { _ in
            for (one, two) in zip(everything(x), exact) { #expect(relativeError(one, two) < 2e-5) }
        }
    }
}
