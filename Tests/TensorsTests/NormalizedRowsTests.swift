// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Batch norm of rows in parts") struct NormalizedRowsTests {
    private let key = RandomKey(seed: 3)

    @Test(
        "results, statistics and gradients are those of the whole",
        arguments: [(DType.float64, 1e-11), (DType.float32, 1e-4)])
    func agreesWithTheWhole(_ dtype: DType, _ tolerance: Double) {
        let (rows, channels) = (700, 24)
        func draw(_ shape: [Int], _ name: String) -> Tensor {
            Tensor(normal: shape, key: key.child(name), dtype: dtype)
        }
        let x = draw([rows, channels], "x"), gradient = draw([rows, channels], "g")
        let weight = draw([channels], "w"), bias = draw([channels], "b")
        atEachLevel { _ in
            let (whole, statistics) = x.reshaped(to: [1, rows, channels]).groupNormalized(
                groups: channels, weight: weight, bias: bias, epsilon: 1e-3, relu: true)
            let slopes = x.reshaped(to: [1, rows, channels]).groupNormGradient(
                gradient.reshaped(to: [1, rows, channels]), groups: channels, weight: weight,
                statistics: statistics, reluBias: bias)
            var parted = NormalizedRows(weight: weight, bias: bias, epsilon: 1e-3)
            let parts = [0..<1, 1..<300, 300..<699, 699..<700]
            for part in parts { parted.count(x.rows(part)) }
            parted.finish()
            for (channel, mean) in parted.statistics.mean.enumerated() {
                #expect(abs(mean - statistics[2 * channel]) < 1e-6)
            }
            var output = Tensor(zeros: x.shape, dtype: dtype), byInput = output, shares = output
            var backward = parted.backward
            for part in parts {
                output.replaceRows(.run(part), with: parted(x.rows(part)))
                backward.count(x.rows(part), gradient.rows(part))
                shares.replaceRows(
                    .run(part), with: backward.direct(x.rows(part), gradient.rows(part)))
            }
            let (byWeight, byBias) = backward.finish()
            for part in parts {
                byInput.replaceRows(
                    .run(part), with: backward.gradient(x.rows(part), gradient.rows(part)))
                shares.replaceRows(
                    .run(part), with: shares.rows(part) + backward.indirect(x.rows(part)))
            }
            #expect(relativeError(shares, byInput) < tolerance)
            #expect(relativeError(output, whole.reshaped(to: x.shape)) < tolerance)
            #expect(relativeError(byInput, slopes.input.reshaped(to: x.shape)) < tolerance)
            #expect(relativeError(byWeight, slopes.weight) < tolerance)
            #expect(relativeError(byBias, slopes.bias) < tolerance)
        }
    }
}
