// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Linear maps and scalar functions") struct LinearTests {
    private let key = RandomKey(seed: 9)

    /// x * w^T + b in plain loops.
    private func reference(_ x: Tensor, _ w: Tensor, _ b: Tensor) -> Tensor {
        let (a, c, d) = (x.doubles, w.doubles, b.doubles)
        let k = w.shape[1], n = w.shape[0], rows = x.count / k
        var y = [Double](repeating: 0, count: rows * n)
        for r in 0..<rows {
            for o in 0..<n {
                y[r * n + o] = (0..<k).reduce(d[o]) { $0 + a[r * k + $1] * c[o * k + $1] }
            }
        }
        return Tensor(y, shape: Array(x.shape.dropLast()) + [n])
    }

    private func exactGELU(_ x: Double) -> Double { x * 0.5 * erfc(-x / 2.0.squareRoot()) }

    @Test(arguments: [(1, 3, 5), (70, 33, 47), (5, 40, 900), (700, 64, 96)])
    func float32MatchesPlainLoops(rows: Int, k: Int, n: Int) {
        let x = Tensor(normal: [rows, k], key: key.child(1))
        let w = Tensor(normal: [n, k], standardDeviation: 0.2, key: key.child(2))
        let b = Tensor(normal: [n], key: key.child(3))
        let expected = reference(x, w, b)
        atEachLevel { _ in
            #expect(relativeError(x.linear(weight: w, bias: b), expected) < 2e-6)
            let (y, pre) = x.linearGELU(weight: w, bias: b, keepingPreActivation: true)
            let activated = Tensor(
                expected.doubles.map { exactGELU($0) }, shape: expected.shape)
            #expect(relativeError(y, activated) < 2e-6)
            if let pre { #expect(relativeError(pre, expected) < 2e-6) }
        }
    }

    @Test func bitsDoNotDependOnThreads() {
        let x = Tensor(normal: [1300, 48], key: key.child(1))
        let w = Tensor(normal: [80, 48], key: key.child(2))
        let b = Tensor(normal: [80], key: key.child(3))
        let results = withThreadCounts {
            let (y, pre) = x.linearGELU(weight: w, bias: b, keepingPreActivation: true)
            var g = y
            if let pre { g.multiplyByGELUSlope(at: pre) }
            return [y, g, g.linearWeightGradient(input: x), g.linearInputGradient(weight: w)]
        }
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }

    /// |error| over max(1, |x|): half a unit in the last place of the result is 6e-8 of it.
    @Test func geluAndSlopeAreAccurateAtEveryLevel() {
        let x = Tensor((0...40_002).map { Float($0) / 2000 - 10 }, shape: [40_003])
        let values = x.doubles
        atEachLevel { level in
            let y = x.gelu().doubles
            var slope = Tensor(repeating: 1, shape: x.shape)
            slope.multiplyByGELUSlope(at: x)
            let s = slope.doubles
            var worst = 0.0
            for (i, v) in values.enumerated() {
                let density = exp(-v * v / 2) / (2 * Double.pi).squareRoot()
                worst = max(worst, abs(y[i] - exactGELU(v)) / max(1, abs(v)))
                worst = max(worst, abs(s[i] - 0.5 * erfc(-v / 2.0.squareRoot()) - v * density))
            }
            #expect(worst <= 2e-7, "level \(level.name)")
        }
    }

    @Test(arguments: [1, 7, 16, 33, 4099]) func scalarFunctionsMatchTheLibrary(count: Int) {
        let x = Tensor(uniform: [count], in: -20...20, key: key)
        atEachLevel { _ in
            for (function, exact, bound): (ScalarFunction, (Double) -> Double, Double) in [
                (.exponential, { exp($0) }, 2e-7), (.errorFunction, { erf($0) }, 5e-7),
                (.hyperbolicTangent, { tanh($0) }, 1e-6),
            ] {
                for (y, v) in zip(x.mapped(by: function).doubles, x.doubles) {
                    let e = exact(v)
                    #expect(abs(y - e) <= bound * (function == .exponential ? e : 1))
                }
            }
        }
    }

    @Test func exponentialKeepsItsEdges() {
        let x = Tensor([Float.nan, -.infinity, .infinity, 0, -100, 100], shape: [6])
        atEachLevel { _ in
            let y = x.mapped(by: .exponential).floats
            #expect(y[0].isNaN)
            #expect(Array(y[1...]) == [0, .infinity, 1, 0, .infinity])
        }
    }
}
