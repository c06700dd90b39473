// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors
import TestSupport
import Testing

/// Windows of tokens, heads and depth, with labels or without.
struct WindowCase: Sendable, CustomTestStringConvertible {
    var windows: Int, tokens: Int, heads: Int, depth: Int
    /// Windows with labels of their own; 0 for none.
    var labelled = 0

    var testDescription: String {
        "\(windows) windows of \(tokens), \(heads) x \(depth), \(labelled) labelled"
    }

    var qkv: Tensor {
        Tensor(
            normal: [windows, tokens, 3 * heads * depth], key: RandomKey(seed: 2), dtype: .float64)
    }
    var bias: Tensor {
        Tensor(normal: [heads, tokens, tokens], key: RandomKey(seed: 3), dtype: .float64)
    }
    var slopes: Tensor {
        Tensor(normal: [windows, tokens, heads * depth], key: RandomKey(seed: 4), dtype: .float64)
    }
    /// Of several labelled windows the first is of one piece, the others of two and more.
    var regions: [Int32]? {
        guard labelled > 0 else { return nil }
        return (0..<labelled * tokens).map { at in
            let (window, token) = (at / tokens, at % tokens)
            return Int32(
                window == 0 && labelled > 1 ? 7 : (token * (window + 1) / tokens) * 3 + token % 2)
        }
    }

    static let all = [
        // 7 x 7 and 8 x 7 x 7 tokens, as published, and sizes that divide nothing.
        WindowCase(windows: 6, tokens: 49, heads: 2, depth: 32),
        WindowCase(windows: 6, tokens: 49, heads: 2, depth: 32, labelled: 3),
        WindowCase(windows: 1, tokens: 392, heads: 1, depth: 32, labelled: 1),
        WindowCase(windows: 1, tokens: 294, heads: 1, depth: 8),
        WindowCase(windows: 5, tokens: 1, heads: 3, depth: 4, labelled: 5),
        WindowCase(windows: 3, tokens: 9, heads: 1, depth: 5, labelled: 3),
        WindowCase(windows: 70, tokens: 2, heads: 2, depth: 1),
        WindowCase(windows: 4, tokens: 23, heads: 2, depth: 44, labelled: 2),
    ]

    func result(_ dtype: DType) -> [Tensor] {
        let (x, b) = (qkv.converted(to: dtype), bias.converted(to: dtype))
        let (result, logSums) = x.windowAttention(heads: heads, bias: b, regions: regions)
        let gradients = x.windowAttentionGradient(
            of: slopes.converted(to: dtype), logSums: logSums, heads: heads, bias: b,
            regions: regions)
        return [result, logSums, gradients.qkv] + [gradients.bias].compactMap { $0 }
    }

    /// The result, the log-sums and the gradients in plain loops.
    var reference: [Tensor] {
        let (x, b, g, width) = (qkv.doubles, bias.doubles, slopes.doubles, heads * depth)
        let scale = 1 / Double(depth).squareRoot()
        var y = [Double](repeating: 0, count: g.count), logs: [Double] = []
        var dx = [Double](repeating: 0, count: x.count)
        var db = [Double](repeating: 0, count: b.count)
        for w in 0..<windows {
            for h in 0..<heads {
                func at(_ token: Int, _ part: Int) -> Int {
                    (w * tokens + token) * 3 * width + part * width + h * depth
                }
                for i in 0..<tokens {
                    let out = (w * tokens + i) * width + h * depth
                    let pair = (h * tokens + i) * tokens
                    var p = [Double](repeating: 0, count: tokens), d = p
                    for j in 0..<tokens {
                        var score = 0.0
                        for k in 0..<depth {
                            score += x[at(i, 0) + k] * x[at(j, 1) + k]
                            d[j] += g[out + k] * x[at(j, 2) + k]
                        }
                        p[j] = score * scale + b[pair + j]
                        if let regions {
                            let first = w % labelled * tokens
                            if regions[first + i] != regions[first + j] { p[j] -= 100 }
                        }
                    }
                    let most = p.max() ?? 0
                    let sum = p.reduce(0) { $0 + exp($1 - most) }
                    logs.append(most + log(sum))
                    for j in 0..<tokens { p[j] = exp(p[j] - most) / sum }
                    let dot = zip(p, d).reduce(0) { $0 + $1.0 * $1.1 }
                    for j in 0..<tokens {
                        let slope = p[j] * (d[j] - dot)
                        db[pair + j] += slope
                        for k in 0..<depth {
                            y[out + k] += p[j] * x[at(j, 2) + k]
                            dx[at(i, 0) + k] += scale * slope * x[at(j, 1) + k]
                            dx[at(j, 1) + k] += scale * slope * x[at(i, 0) + k]
                            dx[at(j, 2) + k] += p[j] * g[out + k]
                        }
                    }
                }
            }
        }
        return [
            Tensor(y, shape: [windows, tokens, width]),
            Tensor(logs, shape: [windows, heads, tokens]),
            Tensor(dx, shape: qkv.shape), Tensor(db, shape: bias.shape),
        ]
    }
}

@Suite("Window attention") struct WindowAttentionTests {
    /// max|found - exact| relative to max|exact|, absolute where all of it is zero (one token).
    private func error(_ found: Tensor, _ exact: Tensor) -> Double {
        let isZero = exact.doubles.allSatisfy { abs($0) < 1e-12 }
        return isZero ? found.doubles.map(abs).max() ?? 0 : relativeError(found, exact)
    }

    @Test(arguments: WindowCase.all) func matchesPlainLoops(_ shapes: WindowCase) {
        let expected = shapes.reference
        atEachLevel { level in
            for (found, exact) in zip(shapes.result(.float64), expected) {
                #expect(error(found, exact) < 1e-13, "\(level), float64")
            }
            for (found, exact) in zip(shapes.result(.float32), expected) {
                #expect(error(found, exact) < 3e-6, "\(level), float32")
            }
        }
    }

    @Test(arguments: [WindowCase.all[1], WindowCase.all[2], WindowCase.all[6]])
    func threadsChangeNoBit(_ shapes: WindowCase) {
        atEachLevel { _ in
            let found = withThreadCounts([1, 2, 3]) { shapes.result(.float32) }
            for other in found.dropFirst() {
                for (a, b) in zip(found[0], other) { #expect(a.isIdentical(to: b)) }
            }
        }
    }

    /// Labels that differ between windows only, or that repeat, change nothing.
    @Test func onlyLabelsInsideAWindowMatter() {
        let shapes = WindowCase(windows: 4, tokens: 9, heads: 2, depth: 8)
        let (x, b) = (shapes.qkv, shapes.bias)
        func result(_ regions: [Int32]?) -> Tensor {
            x.windowAttention(heads: 2, bias: b, regions: regions).result
        }
        let whole = (0..<36).map { Int32($0 / 9) }
        let labels = (0..<18).map { Int32($0 % 4) }
        exclusively {
            #expect(result(nil).isIdentical(to: result(whole)))
            #expect(result(labels).isIdentical(to: result(labels + labels)))
            #expect(!result(labels).isIdentical(to: result(nil)))
        }
    }

    @Test func largeScoresStayFinite() {
        let shapes = WindowCase(windows: 2, tokens: 49, heads: 2, depth: 32, labelled: 2)
        var x = shapes.qkv.converted(to: .float32)
        x.scale(by: 100)
        let b = shapes.bias.converted(to: .float32)
        let (result, logSums) = x.windowAttention(heads: 2, bias: b, regions: shapes.regions)
        let gradients = x.windowAttentionGradient(
            of: result, logSums: logSums, heads: 2, bias: b, regions: shapes.regions)
        for tensor in [result, logSums, gradients.qkv, gradients.bias ?? result] {
            let isFinite = tensor.floats.allSatisfy { $0.isFinite }
            #expect(isFinite)
        }
    }

    @Test(arguments: [(0, 4, 2), (3, 0, 2), (0, 0, 1)])
    func emptyInputsGiveZeros(windows: Int, tokens: Int, depth: Int) {
        let bias = Tensor(repeating: 1, shape: [2, tokens, tokens])
        let x = Tensor(zeros: [windows, tokens, 6 * depth])
        let (result, logSums) = x.windowAttention(heads: 2, bias: bias, regions: nil)
        #expect(result.shape == [windows, tokens, 2 * depth])
        #expect(logSums.shape == [windows, 2, tokens])
        let gradients = x.windowAttentionGradient(
            of: result, logSums: logSums, heads: 2, bias: bias, regions: nil)
        #expect(gradients.qkv.shape == x.shape)
        #expect(gradients.bias?.doubles == [Double](repeating: 0, count: bias.count))
    }

    /// All weights at once would be windows * heads * tokens * tokens scalars.
    @Test func neverHoldsTheMatrixOfWeights() {
        let shapes = WindowCase(windows: 32, tokens: 392, heads: 6, depth: 8, labelled: 2)
        let x = shapes.qkv.converted(to: .float32), b = shapes.bias.converted(to: .float32)
        let peaks = exclusively {
            let forward = StoragePool.measure {
                x.windowAttention(heads: 6, bias: b, regions: shapes.regions)
            }
            let (result, logSums) = forward.result
            let backward = StoragePool.measure {
                x.windowAttentionGradient(
                    of: result, logSums: logSums, heads: 6, bias: b, regions: shapes.regions)
            }
            return [forward.peak, backward.peak]
        }
        let matrices = 32 * b.byteCount
        // Outputs, partial gradients of the bias, and what tests beside this one hold.
        let allowed = x.byteCount + b.byteCount + (10 << 20) + matrices / 4
        #expect(allowed < matrices / 2)
        for peak in peaks { #expect(peak < allowed) }
    }

    @Test func looksUpTheBiasAndAddsItsGradientUp() {
        let table = Tensor([1, 10, 2, 20, 3, 30], shape: [3, 2])
        let bias = table.relativeBias([2, 0, 0, 1], tokens: 2)
        #expect(bias.shape == [2, 2, 2])
        #expect(bias.doubles == [3, 1, 1, 2, 30, 10, 10, 20])
        let gradient = bias.relativeBiasGradient([2, 0, 0, 1], rows: 4)
        #expect(gradient.shape == [4, 2])
        #expect(gradient.doubles == [2, 20, 2, 20, 3, 30, 0, 0])
    }
}
