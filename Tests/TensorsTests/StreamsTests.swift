// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("fixed-point streams")
struct StreamsTests {
    private let betas = [
        0.1, 1.0 / 16, -1.0 / 16, 0.01, 0.5, -0.5, 1, -1, 0.3, -0.3, 0.9, -0.9, 1.0 / 6, 1.0 / 3,
        1.0 / 512, 0.003,
    ]

    @Test("a step forwards and one back give the same bits, at every level and odd sizes")
    func reversesAStep() throws {
        try atEachLevel { _ in
            for (index, beta) in betas.enumerated() {
                for shape in [[1, 1], [2, 7], [3, 8], [1, 513], [2, 9001]] {
                    let key = RandomKey(seed: UInt64(index))
                    let x = Tensor(normal: shape, key: key.child(1))
                    let start = try FixedPointPair(x, fractionBits: 30)
                    let pair = try FixedPointPair(x, fractionBits: 30)
                    let coefficients = (0..<shape[0]).map {
                        StreamCoefficients(
                            alpha: 1 - beta, beta: beta, branch: $0 == 1 ? 0 : 1.25)
                    }
                    var branches: [Tensor] = [], remainders: [StreamRemainder] = []
                    for step in 0..<5 {
                        let f = Tensor(normal: shape, key: key.child("f").child(step))
                        branches.append(f)
                        remainders.append(
                            try pair.advance(branch: f, coefficients: coefficients))
                    }
                    #expect(!pair.isIdentical(to: start))
                    for step in (0..<5).reversed() {
                        pair.reverse(
                            branch: branches[step], coefficients: coefficients,
                            remainder: remainders[step])
                    }
                    #expect(pair.isIdentical(to: start), "β = \(beta), \(shape)")
                }
            }
        }
    }

    @Test("every residue of every β fits its bits")
    func residuesFit() throws {
        for beta in betas {
            // All integers near zero and some far out, as exact float64 values.
            let values =
                (-600...600).map { Double($0) } + (-50...50).map { Double($0) + 0x1p40 }
                + (-50...50).map { Double($0) - 0x1p40 }
            let x = Tensor(values.map { $0 * 0x1p-8 }, shape: [1, values.count])
            let start = try FixedPointPair(x, fractionBits: 8)
            let pair = try FixedPointPair(x, fractionBits: 8)
            let zero = Tensor(zeros: x.shape, dtype: .float64)
            let k = [StreamCoefficients(alpha: 0.5, beta: beta)]
            let remainder = try pair.advance(branch: zero, coefficients: k)
            pair.reverse(branch: zero, coefficients: k, remainder: remainder)
            #expect(pair.isIdentical(to: start), "β = \(beta)")
        }
    }

    @Test("a step is the recurrence to the resolution of the fixed point")
    func stepsAreTheRecurrence() throws {
        let x = Tensor(normal: [2, 40], key: RandomKey(seed: 2), dtype: .float64)
        let f = Tensor(normal: [2, 40], key: RandomKey(seed: 3), dtype: .float64)
        let pair = try FixedPointPair(x, fractionBits: 30)
        let k = Array(repeating: StreamCoefficients(alpha: 0.75, beta: 0.25, branch: 2), count: 2)
        _ = try pair.advance(branch: f, coefficients: k)
        let expected = Tensor.axpby(2, f, 1, x)
        let error = zip(pair.currentValues(.all(of: x)).doubles, expected.doubles).map {
            abs($0 - $1)
        }.max()
        #expect(error ?? 1 < 4 * 0x1p-30)
        #expect(relativeError(pair.previousValues(.all(of: x)), x) < 1e-9)
        let merged = pair.merged(beta: [0.25, 0.25])
        let wanted = Tensor.axpby(1 / 1.25, expected, 0.25 / 1.25, x)
        #expect(relativeError(merged, wanted) < 1e-8)
    }

    @Test("values beyond 2⁵⁰, infinities and NaN are overflows")
    func overflowsAreFound() throws {
        for value in [2e6, -2e6, Double.infinity, -Double.infinity, Double.nan] {
            #expect(throws: FixedPointPair.Overflow.self) {
                try FixedPointPair(
                    Tensor([1, value, 3], shape: [1, 3], dtype: .float32), fractionBits: 30)
            }
            let pair = try FixedPointPair(Tensor(zeros: [1, 3]), fractionBits: 30)
            #expect(throws: FixedPointPair.Overflow.self) {
                try pair.advance(
                    branch: Tensor([0, value, 0], shape: [1, 3], dtype: .float32),
                    coefficients: [StreamCoefficients(alpha: 0, beta: 1)])
            }
        }
    }

    @Test("one thread and two give the same bits")
    func threadsAgree() throws {
        let x = Tensor(normal: [2, 30_000], key: RandomKey(seed: 2))
        let k = Array(repeating: StreamCoefficients(alpha: 0.9, beta: 0.1), count: 2)
        let pairs = try withThreadCounts {
            let pair = try FixedPointPair(x, fractionBits: 30)
            _ = try pair.advance(branch: x, coefficients: k)
            return pair
        }
        #expect(pairs[0].isIdentical(to: pairs[1]))
    }
}
