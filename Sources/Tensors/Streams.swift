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

    /// Room for the remainders of `groups` eights of scalars a sample.
    init(_ coefficients: [StreamCoefficients], groups: Int) {
        bits = coefficients.map { StreamRemainder.bits(beta: $0.beta) }
        var starts: [Int] = [], total = 0
        for b in bits {
            starts.append(total)
            total += groups * b
        }
        self.starts = starts
        storage = TensorStorage(byteCount: max(1, total))
    }

    var bytes: UnsafeMutablePointer<UInt8> {
        storage.pointer.assumingMemoryBound(to: UInt8.self)
    }

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

    /// `[samples, ..., C]`.
    package let shape: [Int]
    private let dtype: DType
    private let scale: Double
    private var current: TensorStorage
    private var previous: TensorStorage

    private static let limit = 0x1p50
    private static let chunk = 1 << 13

    private var samples: Int { shape[0] }
    private var width: Int { shape.dropFirst().reduce(1, *) }
    /// C, scalars of a row.
    private var channels: Int { shape[shape.count - 1] }
    private var rowsPerSample: Int { max(1, width / max(1, channels)) }
    /// Every row.
    private var allRows: RowSelection { .run(0..<samples * rowsPerSample) }

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

    /// Rows of x_i, rounded to the working type: `[rows, C]`.
    package func currentValues(_ rows: RowSelection) -> Tensor { values(of: current, rows) }
    /// Rows of x_{i-1}, rounded to the working type: `[rows, C]`.
    package func previousValues(_ rows: RowSelection) -> Tensor { values(of: previous, rows) }

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
    ///   - coefficients: One triple a sample, β not 0.
    ///   - body: Calls its argument with F(x_i) of some rows, until all are done; ``currentValues(_:)``
    ///     gives x_i meanwhile.
    /// - Returns: What the rounding lost, to be given to ``reverse(coefficients:remainder:_:)``.
    /// - Throws: what does not fit the fixed point; the pair is of no use then.
    package func advance(
        coefficients: [StreamCoefficients],
        _ body: ((RowSelection, Tensor) throws(Overflow) -> Void) throws(Overflow) -> Void
    ) throws(Overflow) -> StreamRemainder {
        let remainder = StreamRemainder(
            coefficients, groups: rowsPerSample * ((channels + 7) / 8))
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize, width = channels
        let now = doubles(current), before = doubles(previous)
        try body { (rows, branch) throws(Overflow) in
            check(branch, rows, coefficients)
            let largest = branch.read { f in
                overPieces(rows) { piece, sample, group, peak in
                    let k = coefficients[sample], at = piece.row * width
                    let bits = remainder.bits[sample]
                    kernels.streams_forward(
                        before + at, now + at, f + piece.place * width * size, k.alpha, k.beta,
                        k.branch, scale, Int32(bits),
                        Int32(-StreamRemainder.range(beta: k.beta).lowest),
                        remainder.bytes + remainder.starts[sample] + group * bits, peak,
                        piece.count * width)
                }
            }
            try check(largest)
        }
        swap(&current, &previous)
        return remainder
    }

    /// One branch backwards: (x_{i+1}, x_i) becomes (x_i, x_{i-1}), bit for bit.
    ///
    /// - Parameter body: Calls its argument with F(x_i) of some rows, the same bits as in
    ///   ``advance(coefficients:_:)``, until all are done; ``previousValues(_:)`` gives x_i
    ///   meanwhile.
    package func reverse(
        coefficients: [StreamCoefficients], remainder: StreamRemainder,
        _ body: ((RowSelection, Tensor) -> Void) -> Void
    ) {
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize, width = channels
        let now = doubles(current), before = doubles(previous)
        body { rows, branch in
            check(branch, rows, coefficients)
            branch.read { f in
                _ = overPieces(rows) { piece, sample, group, _ in
                    let k = coefficients[sample], at = piece.row * width
                    let bits = remainder.bits[sample]
                    kernels.streams_reverse(
                        now + at, before + at, f + piece.place * width * size, k.alpha, k.beta,
                        k.branch, scale, Int32(bits),
                        Int32(-StreamRemainder.range(beta: k.beta).lowest),
                        remainder.bytes + remainder.starts[sample] + group * bits,
                        piece.count * width)
                }
            }
        }
        swap(&current, &previous)
    }

    /// ``advance(coefficients:_:)`` with F(x_i) of all rows at once.
    package func advance(
        branch: Tensor, coefficients: [StreamCoefficients]
    ) throws(Overflow) -> StreamRemainder {
        try advance(coefficients: coefficients) { (write) throws(Overflow) in
            try write(allRows, branch)
        }
    }

    /// ``reverse(coefficients:remainder:_:)`` with F(x_i) of all rows at once.
    package func reverse(
        branch: Tensor, coefficients: [StreamCoefficients], remainder: StreamRemainder
    ) {
        reverse(coefficients: coefficients, remainder: remainder) { $0(allRows, branch) }
    }

    private func check(
        _ branch: Tensor, _ rows: RowSelection, _ coefficients: [StreamCoefficients]
    ) {
        precondition(
            branch.count == rows.count * channels && branch.dtype == dtype
                && coefficients.count == samples,
            "a branch of shape \(branch.shape) for \(rows.count) rows of streams of shape \(shape)"
        )
    }

    private func doubles(_ storage: TensorStorage) -> UnsafeMutablePointer<Double> {
        storage.pointer.assumingMemoryBound(to: Double.self)
    }

    private func values(of storage: TensorStorage, _ rows: RowSelection) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, inverse = 1 / scale
        let input = doubles(storage), width = channels
        return withExtendedLifetime(storage) {
            .make([rows.count, width], dtype) { output, _ in
                _ = overPieces(rows) { piece, _, _, _ in
                    kernels.streams_value(
                        input + piece.row * width, inverse, output + piece.place * width * size,
                        piece.count * width)
                }
            }
        }
    }

    /// Runs `body(piece, sample, group of eight in the sample, peak)` over pieces of rows.
    private func overPieces(
        _ rows: RowSelection,
        _ body: (RowSelection.Piece, Int, Int, UnsafeMutablePointer<Double>) -> Void
    ) -> Double {
        let perSample = rowsPerSample, groups = (channels + 7) / 8
        // Remainders are packed by eights within a row, so rows of another width go one by one.
        let longest = channels % 8 == 0 ? max(1, FixedPointPair.chunk / max(1, channels)) : 1
        let pieces = rows.pieces(border: perSample, longest: longest)
        var peaks = [Double](repeating: 0, count: pieces.count)
        peaks.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index]
                body(
                    piece, piece.row / perSample, piece.row % perSample * groups, base + index)
            }
        }
        return peaks.reduce(0) { $1 <= $0 || $0.isNaN ? $0 : $1 }
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
}
