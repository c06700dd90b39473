// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("Layer norm") struct NormalizationTests {
    private let key = RandomKey(seed: 11)

    private func reference(_ x: Tensor, _ w: Tensor, _ b: Tensor, _ epsilon: Double) -> Tensor {
        let (a, g, h) = (x.doubles, w.doubles, b.doubles)
        let n = w.count
        var y = a
        for r in 0..<a.count / n {
            let row = a[r * n..<(r + 1) * n]
            let mean = row.reduce(0, +) / Double(n)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
            for c in 0..<n {
                let normal = (a[r * n + c] - mean) / (variance + epsilon).squareRoot()
                y[r * n + c] = normal * g[c] + h[c]
            }
        }
        return Tensor(y, shape: x.shape)
    }

    @Test(arguments: [(1, 1), (5, 7), (33, 16), (300, 129)])
    func float32MatchesPlainLoops(rows: Int, columns: Int) {
        let x = Tensor(uniform: [rows, columns], in: 3...5, key: key.child(1))
        let w = Tensor(normal: [columns], key: key.child(2))
        let b = Tensor(normal: [columns], key: key.child(3))
        atEachLevel { _ in
            let y = x.layerNorm(weight: w, bias: b, epsilon: 1e-6).result
            #expect(relativeError(y, reference(x, w, b, 1e-6)) < 5e-6)
        }
    }

    @Test func float32GradientsMatchFloat64() {
        let x = Tensor(uniform: [301, 65], in: -2...5, key: key.child(1))
        let w = Tensor(normal: [65], key: key.child(2))
        let g = Tensor(normal: [301, 65], key: key.child(3))
        func gradients(_ dtype: DType) -> [Tensor?] {
            let (a, v) = (x.converted(to: dtype), w.converted(to: dtype))
            let statistics = a.layerNorm(weight: v, bias: v, epsilon: 1e-6).statistics
            let all = a.layerNormGradients(
                of: g.converted(to: dtype), weight: v, statistics: statistics,
                needs: (true, true, true))
            return [all.input, all.weight, all.bias]
        }
        let exact = gradients(.float64)
        atEachLevel { _ in
            let rounded = withThreadCounts { gradients(.float32) }
            for (i, e) in exact.enumerated() {
                guard let e, let one = rounded[0][i], let two = rounded[1][i] else {
                    Issue.record("gradient \(i) is missing")
                    continue
                }
                #expect(relativeError(one, e) < 3e-6)
                #expect(one.isIdentical(to: two))
            }
        }
    }
}
