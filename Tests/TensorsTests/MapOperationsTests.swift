// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Operations on maps", .serialized) struct MapOperationsTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    static let sizes = [
        ([4, 6], [2, 3]), ([5, 7], [3, 4]), ([3, 9], [3, 2]), ([6, 2], [1, 1]),
    ]

    @Test(arguments: sizes) func upsamplingReadsTheNearestPixel(_ fine: [Int], _ coarse: [Int]) {
        let x = draw([2] + fine + [3], 1), c = draw([2] + coarse + [3], 2)
        let (xs, cs) = (x.doubles, c.doubles)
        var expected = xs
        for index in expected.indices {
            let (channel, pixel) = (index % 3, index / 3)
            let (n, line) = (pixel / fine[1] / fine[0], pixel / fine[1] % fine[0])
            let (y, z) = (line * coarse[0] / fine[0], pixel % fine[1] * coarse[1] / fine[1])
            expected[index] += cs[((n * coarse[0] + y) * coarse[1] + z) * 3 + channel]
        }
        #expect(x.addingUpsampled(c).doubles == expected)
        // <up(c), g> = <c, its gradient>.
        let g = draw(x.shape, 3)
        let product = Tensor(zeros: x.shape, dtype: .float64).addingUpsampled(c).dot(g)
        let adjoint = g.upsamplingGradient(height: coarse[0], width: coarse[1]).dot(c)
        #expect(abs(product - adjoint) < 1e-12 * max(1, abs(product)))
    }

    @Test func groupNormOfMapsIsThatOfTheirRows() {
        let x = draw([2, 5, 7, 6], 4), w = draw([6], 5), b = draw([6], 6)
        func norm(_ x: Tensor, relu: Bool) -> Tensor {
            x.groupNormalized(groups: 3, weight: w, bias: b, epsilon: 1e-5, relu: relu).output
        }
        let plain = norm(x.reshaped(to: [2, 35, 6]), relu: false)
        #expect(norm(x, relu: false).isIdentical(to: plain.reshaped(to: x.shape)))
        #expect(norm(x, relu: true).doubles == plain.doubles.map { max($0, 0) })
    }

    /// Values far from 0 lose nothing: the sums are taken in float64.
    @Test func groupNormOfFarValuesIsExact() {
        let x = Tensor(uniform: [1, 900, 8], in: 1000...1001, key: RandomKey(seed: 7))
        let (w, b) = (Tensor(repeating: 1, shape: [8]), Tensor(zeros: [8]))
        let result = x.groupNormalized(groups: 2, weight: w, bias: b, epsilon: 0)
        let exact = x.converted(to: .float64)
            .groupNormalized(
                groups: 2, weight: w.converted(to: .float64), bias: b.converted(to: .float64),
                epsilon: 0)
        for (one, two) in zip(result.statistics, exact.statistics) {
            #expect(abs(one - two) < 1e-9 * abs(two))
        }
        // The mean's own rounding is 1e-4 of a deviation.
        #expect(relativeError(result.output, exact.output) < 3e-4)
    }

    private func everything(_ x: Tensor) -> [Tensor] {
        let w = Tensor(uniform: [40], in: 0.5...1.5, key: RandomKey(seed: 12), dtype: x.dtype)
        let normalized = x.groupNormalized(
            groups: 8, weight: w, bias: w, epsilon: 1e-5, relu: true)
        let parts = x.groupNormGradient(
            x, groups: 8, weight: w, statistics: normalized.statistics, reluBias: w)
        let coarse = x.upsamplingGradient(height: 13, width: 9)
        return [
            normalized.output, parts.input, parts.weight, parts.bias, coarse,
            x.addingUpsampled(coarse),
        ]
    }

    @Test func threadsChangeNoBit() {
        let x = Tensor(normal: [2, 50, 41, 40], key: RandomKey(seed: 11))
        let results = withThreadCounts { everything(x) }
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }

    @Test func levelsAgree() {
        let x = Tensor(normal: [2, 50, 41, 40], key: RandomKey(seed: 11))
        let exact = everything(x.converted(to: .float64))
        atEachLevel { _ in
            for (one, two) in zip(everything(x), exact) { #expect(relativeError(one, two) < 2e-5) }
        }
    }
}
