// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The coefficients of one branch for one sample: x_i = c·F(x_{i-1}) + α·x_{i-1} + β·x_{i-2}.
package struct StreamCoefficients: Sendable, Hashable {
    /// The weight of the pretrained residual.
    package var alpha: Double
    /// The weight of the reversible residual.
    package var beta: Double
    /// The weight of the branch (with a drop-path factor where there is one).
    package var branch: Double

    /// A triple (α, β, c).
    package init(alpha: Double, beta: Double, branch: Double = 1) {
        self.alpha = alpha
        self.beta = beta
        self.branch = branch
    }
}

/// The remainders that one multiplication by β destroyed, packed.
package struct StreamRemainder: Sendable {
    let storage: TensorStorage
    let bits: [Int]
    let starts: [Int]

    /// Bytes kept.
    package var byteCount: Int { storage.byteCount }

    /// The number of different remainders of round(β·n): none is lost at |β| = 1.
    ///
    /// For an integer m = 1/|β| they are the m residues; otherwise |d| ≤ ⌈1/(2|β|)⌉.
    static func range(beta: Double) -> (lowest: Int, count: Int) {
        let inverse = 1 / abs(beta), whole = inverse.rounded()
        if abs(inverse - whole) < 1e-9 * inverse {
            let m = Int(whole)
            // A tie may go either way where β itself is rounded; a power of two never is.
            let isExact = m & (m - 1) == 0
            if m % 2 == 1 { return (-(m / 2), m) }
            // Ties round up, so their remainder has the sign of -β.
            return isExact ? (beta > 0 ? -(m / 2) : 1 - m / 2, m) : (-(m / 2), m + 1)
        }
        let bound = Int((inverse / 2).rounded(.up))
        return (-bound, 2 * bound + 1)
    }

    /// Bits an element kept for a branch at β: ⌈log₂(range)⌉.
    package static func bits(beta: Double) -> Int {
        let count = range(beta: beta).count
        return count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}

/// The two streams (x_i, x_{i-1}) of a reversible stage as fixed-point numbers.
///
/// A stream holds integers n below 2^50 (value n·2⁻ᶠ) in float64 mantissas. A step forwards keeps
/// what its rounding lost, so that a step backwards gives the pair back bit for bit
/// (method.md, "Exact reversal"; the idea is that of Maclaurin et al. 2015).
///
/// Owned by one backward pass; not a value.
package final class FixedPointPair {
    /// Why a step could not be done: a value left the range of the fixed point.
    package struct Overflow: Error {
        /// The value, or NaN.
        package let value: Double
        /// The largest value that fits.
        package let limit: Double
    }

    private let shape: [Int]
    private let dtype: DType
    private let scale: Double
    private var current: TensorStorage
    private var previous: TensorStorage

    private static let limit = 0x1p50
    private static let chunk = 1 << 13

    private var samples: Int { shape[0] }
    private var width: Int { shape.dropFirst().reduce(1, *) }

    /// Both streams at `x`.
    ///
    /// - Parameters:
    ///   - x: `[samples, ...]`.
    ///   - fractionBits: f; a stream resolves 2⁻ᶠ and holds values below 2⁵⁰⁻ᶠ.
    package init(_ x: Tensor, fractionBits: Int) throws(Overflow) {
        precondition(x.rank >= 2, "streams of shape \(x.shape)")
        shape = x.shape
        dtype = x.dtype
        scale = Double(sign: .plus, exponent: fractionBits, significand: 1)
        let bytes = x.count * 8
        current = TensorStorage(byteCount: bytes)
        previous = TensorStorage(byteCount: bytes)
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize
        let output = current.pointer.bindMemory(to: Double.self, capacity: x.count)
        let largest = FixedPointPair.overPieces(samples: samples, width: width) { _, range, peak in
            x.read { input in
                kernels.streams_quantize(
                    input + range.lowerBound * size, scale, output + range.lowerBound, peak,
                    range.count)
            }
        }
        previous.pointer.copyMemory(from: current.pointer, byteCount: bytes)
        try check(largest)
    }

    /// Bytes of both streams.
    package var byteCount: Int { current.byteCount + previous.byteCount }

    /// x_i, rounded to the working type.
    package var currentValues: Tensor { values(of: current) }
    /// x_{i-1}, rounded to the working type.
    package var previousValues: Tensor { values(of: previous) }

    /// Whether both streams hold the same bits as another pair's.
    package func isIdentical(to other: FixedPointPair) -> Bool {
        func bytes(_ storage: TensorStorage) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: storage.pointer, count: storage.byteCount)
        }
        return bytes(current).elementsEqual(bytes(other.current))
            && bytes(previous).elementsEqual(bytes(other.previous))
    }

    /// (x_n + β·x_{n-1}) / (1 + β), one β a sample.
    package func merged(beta: [Double]) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, inverse = 1 / scale
        let now = doubles(current), before = doubles(previous)
        return .make(shape, dtype) { output, _ in
            _ = FixedPointPair.overPieces(samples: samples, width: width) { sample, range, _ in
                let at = range.lowerBound
                kernels.streams_merge(
                    now + at, before + at, beta[sample], inverse, output + at * size, range.count)
            }
        }
    }

    /// One branch forwards: (x_i, x_{i-1}) becomes (x_{i+1}, x_i).
    ///
    /// - Parameters:
    ///   - branch: F(x_i), of the streams' shape and type.
    ///   - coefficients: One triple a sample, β not 0.
    /// - Returns: What the rounding lost, to be given to ``reverse(branch:coefficients:remainder:)``.
    package func advance(
        branch: Tensor, coefficients: [StreamCoefficients]
    ) throws(Overflow) -> StreamRemainder {
        precondition(
            branch.shape == shape && branch.dtype == dtype && coefficients.count == samples,
            "a branch of shape \(branch.shape) on streams of shape \(shape)")
        let groups = (width + 7) / 8
        let bits = coefficients.map { StreamRemainder.bits(beta: $0.beta) }
        var starts: [Int] = [], total = 0
        for b in bits {
            starts.append(total)
            total += groups * b
        }
        let remainder = StreamRemainder(
            storage: TensorStorage(byteCount: max(1, total)), bits: bits, starts: starts)
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize, width = width
        let now = doubles(current), before = doubles(previous)
        let packed = remainder.storage.pointer.bindMemory(to: UInt8.self, capacity: max(1, total))
        let largest = branch.read { f in
            FixedPointPair.overPieces(samples: samples, width: width) { sample, range, peak in
                let k = coefficients[sample], at = range.lowerBound
                let group = (at - sample * width) / 8
                kernels.streams_forward(
                    before + at, now + at, f + at * size, k.alpha, k.beta, k.branch, scale,
                    Int32(bits[sample]), Int32(-StreamRemainder.range(beta: k.beta).lowest),
                    packed + starts[sample] + group * bits[sample], peak, range.count)
            }
        }
        swap(&current, &previous)
        try check(largest)
        return remainder
    }

    /// One branch backwards: (x_{i+1}, x_i) becomes (x_i, x_{i-1}), bit for bit.
    ///
    /// - Parameter branch: F(x_i), the same bits as in ``advance(branch:coefficients:)``.
    package func reverse(
        branch: Tensor, coefficients: [StreamCoefficients], remainder: StreamRemainder
    ) {
        precondition(
            branch.shape == shape && branch.dtype == dtype && coefficients.count == samples,
            "a branch of shape \(branch.shape) on streams of shape \(shape)")
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize, width = width
        let now = doubles(current), before = doubles(previous)
        let packed = remainder.storage.pointer.assumingMemoryBound(to: UInt8.self)
        branch.read { f in
            _ = FixedPointPair.overPieces(samples: samples, width: width) { sample, range, _ in
                let k = coefficients[sample], at = range.lowerBound, bits = remainder.bits[sample]
                let group = (at - sample * width) / 8
                kernels.streams_reverse(
                    now + at, before + at, f + at * size, k.alpha, k.beta, k.branch, scale,
                    Int32(bits), Int32(-StreamRemainder.range(beta: k.beta).lowest),
                    packed + remainder.starts[sample] + group * bits, range.count)
            }
        }
        swap(&current, &previous)
    }

    private func doubles(_ storage: TensorStorage) -> UnsafeMutablePointer<Double> {
        storage.pointer.assumingMemoryBound(to: Double.self)
    }

    private func values(of storage: TensorStorage) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, inverse = 1 / scale
        let input = doubles(storage)
        return withExtendedLifetime(storage) {
            .make(shape, dtype) { output, _ in
                _ = FixedPointPair.overPieces(samples: samples, width: width) { _, range, _ in
                    let at = range.lowerBound
                    kernels.streams_value(input + at, inverse, output + at * size, range.count)
                }
            }
        }
    }

    private func check(_ largest: Double) throws(Overflow) {
        if !(largest < FixedPointPair.limit) {
            throw Overflow(value: largest / scale, limit: FixedPointPair.limit / scale)
        }
    }

    /// Runs `body(sample, elements, peak)` over chunks that stay inside a sample.
    private static func overPieces(
        samples: Int, width: Int,
        _ body: (Int, Range<Int>, UnsafeMutablePointer<Double>) -> Void
    ) -> Double {
        let perSample = max(1, (width + chunk - 1) / chunk)
        var peaks = [Double](repeating: 0, count: samples * perSample)
        peaks.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            Parallel.forEach(samples * perSample) { piece in
                let sample = piece / perSample, first = piece % perSample * chunk
                let range = sample * width + first..<sample * width + min(width, first + chunk)
                body(sample, range, base + piece)
            }
        }
        return peaks.reduce(0) { $1 <= $0 || $0.isNaN ? $0 : $1 }
    }
}

extension Tensor {
    /// `Σ factors[sample]·tensor` over up to three tensors `[samples, ...]` of one shape.
    package static func combination(
        _ a: Tensor, _ sa: [Double], _ b: Tensor, _ sb: [Double], _ c: Tensor, _ sc: [Double]
    ) -> Tensor {
        precondition(
            a.shape == b.shape && b.shape == c.shape && sa.count == a.shape[0],
            "combination: \(a.shape), \(b.shape), \(c.shape)")
        let kernels = Kernels.table(a.dtype), size = a.dtype.byteSize
        let samples = a.shape[0], width = samples == 0 ? 0 : a.count / samples
        return .make(a.shape, a.dtype, reading: [a, b, c]) { output, input in
            Parallel.forEach(samples) { s in
                let at = s * width * size
                kernels.combine(
                    sa[s], input[0] + at, sb[s], input[1] + at, sc[s], input[2] + at, output + at,
                    width)
            }
        }
    }

    /// One branch of the dual-residual backward pass, in place:
    /// (g_i, g_{i-1}) becomes (g_{i-1} + α·g_i + j, β·g_i), one pair (α, β) a sample.
    package static func reverseDualGradient(
        _ current: inout Tensor, _ previous: inout Tensor, branch j: Tensor,
        coefficients: [StreamCoefficients]
    ) {
        precondition(
            current.shape == previous.shape && current.shape == j.shape
                && coefficients.count == current.shape[0],
            "reverseDualGradient: \(current.shape), \(previous.shape), \(j.shape)")
        let kernels = Kernels.table(j.dtype), size = j.dtype.byteSize
        let samples = j.shape[0], width = samples == 0 ? 0 : j.count / samples
        current.write { a in
            previous.write { b in
                j.read { j in
                    Parallel.forEach(samples) { s in
                        let at = s * width * size
                        kernels.dual_gradient(
                            a + at, b + at, j + at, coefficients[s].alpha, coefficients[s].beta,
                            width)
                    }
                }
            }
        }
    }
}
