// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("fixed-point streams")
struct StreamsTests {
    private let betas: [Double] = [
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
            let near: [Double] = (-600...600).map { Double($0) }
            let above: [Double] = (-50...50).map { Double($0) + 0x1p40 }
            let below: [Double] = (-50...50).map { Double($0) - 0x1p40 }
            let values = near + above + below
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
        let merged = pair.merged(.all(of: x), beta: [0.25, 0.25])
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

    @Test("numbers take 4 bytes while they fit, then 8, and come back bit for bit, at every level")
    func widensWhereNeeded() throws {
        try atEachLevel { _ in
            for shape in [[2, 40], [2, 3, 8], [1, 40, 264]] {
                let x = Tensor(normal: shape, key: RandomKey(seed: 4))
                let count = x.count, key = RandomKey(seed: 5)
                let k = Array(
                    repeating: StreamCoefficients(alpha: 0.9, beta: 0.1, branch: 1),
                    count: shape[0])
                let start = try FixedPointPair(x, fractionBits: 24)
                let pair = try FixedPointPair(x, fractionBits: 24)
                #expect(pair.byteCount == 2 * 4 * count)
                // One number far out in the second branch, then further ones everywhere.
                let scales = [1.0, 1, 1000, 1e5, 1]
                let branches = scales.enumerated().map { index, scale in
                    var f = Tensor(normal: shape, key: key.child(index))
                    if index == 1 {
                        f = Tensor(f.doubles.dropLast() + [200], shape: shape, dtype: .float32)
                    }
                    return f.scaled(by: scale)
                }
                var remainders: [StreamRemainder] = []
                remainders.append(try pair.advance(branch: branches[0], coefficients: k))
                #expect(pair.byteCount == 2 * 4 * count)
                remainders.append(try pair.advance(branch: branches[1], coefficients: k))
                #expect(pair.byteCount == (4 + 8) * count)
                for f in branches[2...] {
                    remainders.append(try pair.advance(branch: f, coefficients: k))
                }
                #expect(pair.byteCount == 2 * 8 * count)
                for (f, remainder) in zip(branches, remainders).reversed() {
                    pair.reverse(branch: f, coefficients: k, remainder: remainder)
                }
                #expect(pair.isIdentical(to: start), "\(shape)")
            }
        }
    }

    @Test("an input beyond 4 bytes starts wide, and its width is no part of the result")
    func widthIsNoPartOfTheResult() throws {
        let x = Tensor(normal: [1, 600], key: RandomKey(seed: 6))
        let f = Tensor(normal: [1, 600], key: RandomKey(seed: 7))
        let k = [StreamCoefficients(alpha: 15.0 / 16, beta: 1.0 / 16)]
        // The same numbers beside one that needs 8 bytes.
        func joined(_ tensor: Tensor, _ value: Double) -> Tensor {
            Tensor(tensor.doubles + [value], shape: [1, 601], dtype: .float32)
        }
        let narrow = try FixedPointPair(joined(x, 0), fractionBits: 24)
        let wide = try FixedPointPair(joined(x, 4096), fractionBits: 24)
        #expect(wide.byteCount == 2 * narrow.byteCount)
        _ = try narrow.advance(branch: joined(f, 0), coefficients: k)
        _ = try wide.advance(branch: joined(f, 0), coefficients: k)
        for pair in [narrow, wide] {
            #expect(
                pair.currentValues(.all(of: x)).doubles.dropLast()
                    == narrow.currentValues(.all(of: x)).doubles.dropLast())
        }
    }

    @Test("the fraction resolves values as their own type does")
    func fractionFollowsTheValues() {
        let x = Tensor(normal: [4, 1000], key: RandomKey(seed: 8))
        let bits = { (factor: Double) in FixedPointPair.fractionBits(for: x.scaled(by: factor)) }
        #expect(bits(1.5) == 26 && bits(150) == 19 && bits(1e-4) == 25 && bits(1e12) == 0)
        #expect(bits(0) == 26 && bits(.nan) == 26)
        #expect(
            FixedPointPair.fractionBits(for: x.scaled(by: 1.5).converted(to: .float64)) == 30)
    }
}
