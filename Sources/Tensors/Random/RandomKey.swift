// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A named stream of random numbers: a pure function of the seed and of the path to the key.
///
/// Draws are Philox4x32-10 (Salmon et al., SC 2011) of (key, index): a replay in the backward
/// pass gives the same bits by construction.
public struct RandomKey: Sendable, Hashable {
    private let bits: UInt64

    /// The key at the root of a run.
    public init(seed: UInt64) { bits = RandomKey.mix(seed ^ 0x6A09_E667_F3BC_C909) }

    private init(bits: UInt64) { self.bits = bits }

    /// The key of a child, by number (a step, a sample, a layer).
    public func child(_ index: Int) -> RandomKey {
        RandomKey(bits: RandomKey.mix(bits &+ RandomKey.mix(UInt64(bitPattern: Int64(index)))))
    }

    /// The key of a child, by name.
    public func child(_ name: String) -> RandomKey {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return RandomKey(bits: RandomKey.mix(bits ^ RandomKey.mix(hash)))
    }

    /// SplitMix64's finaliser.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Four 32-bit words for a counter.
    package func words(_ counter: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        Philox.block(
            key: (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)),
            counter: (
                UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0
            ))
    }

    /// A number in [0, 1) with 53 random bits.
    public func uniform(_ index: Int = 0) -> Double {
        let w = words(UInt64(bitPattern: Int64(index)))
        return Double((UInt64(w.0) << 21) ^ UInt64(w.1 >> 11)) * 0x1p-53
    }

    /// An integer in 0..<bound.
    public func integer(below bound: Int, _ index: Int = 0) -> Int {
        precondition(bound > 0, "integer(below: \(bound))")
        return min(bound - 1, Int(uniform(index) * Double(bound)))
    }

    /// A draw of the standard normal distribution (Box and Muller).
    public func normal(_ index: Int = 0) -> Double {
        let w = words(UInt64(bitPattern: Int64(index)))
        let u = (Double((UInt64(w.0) << 21) ^ UInt64(w.1 >> 11)) + 1) * 0x1p-53
        let v = Double((UInt64(w.2) << 21) ^ UInt64(w.3 >> 11)) * 0x1p-53
        return (-2 * Foundation.log(u)).squareRoot() * Foundation.cos(2 * Double.pi * v)
    }

    /// The numbers 0..<count in random order (Fisher and Yates).
    public func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(i, integer(below: i + 1, i))
        }
        return order
    }
}

/// The Philox4x32-10 block function.
package enum Philox {
    /// Ten rounds on a counter.
    package static func block(
        key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
            let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
            )
            k0 = k0 &+ 0x9E37_79B9
            k1 = k1 &+ 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}

extension Tensor {
    /// Draws of N(0, `standardDeviation`²).
    public init(
        normal shape: [Int], standardDeviation: Double = 1, key: RandomKey,
        dtype: DType = .float32
    ) {
        self.init(drawing: shape, dtype) { key.normal($0) * standardDeviation }
    }

    /// Draws of N(0, `standardDeviation`²) kept within two standard deviations, by redrawing.
    public init(
        truncatedNormal shape: [Int], standardDeviation: Double, key: RandomKey,
        dtype: DType = .float32
    ) {
        self.init(drawing: shape, dtype) { index in
            for attempt in 0..<64 {
                let draw = key.child(attempt).normal(index)
                if abs(draw) <= 2 { return draw * standardDeviation }
            }
            return 0
        }
    }

    /// Draws of the uniform distribution on a range.
    public init(
        uniform shape: [Int], in range: ClosedRange<Double>, key: RandomKey,
        dtype: DType = .float32
    ) {
        let width = range.upperBound - range.lowerBound
        self.init(drawing: shape, dtype) { range.lowerBound + key.uniform($0) * width }
    }

    /// Scalars by place, rounded to `dtype`; a dry run draws none.
    private init(drawing shape: [Int], _ dtype: DType, _ draw: (Int) -> Double) {
        if DryRun.isActive {
            self.init(placeholder: shape, dtype: dtype)
        } else {
            self.init((0..<shape.reduce(1, *)).map(draw), shape: shape, dtype: dtype)
        }
    }
}
