// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The two streams (x_i, x_{i-1}) of a reversible stage as fixed-point numbers.
///
/// A step forwards keeps what its rounding lost, so that a step backwards gives the pair back bit
/// for bit (method.md, "Exact reversal"; the idea is that of Maclaurin et al. 2015). A number takes
/// 4 bytes while all of its stream fit, else 8: see `FixedPointStream`.
///
/// Owned by one backward pass; not a value.
public final class FixedPointPair {
    /// Why a step could not be done: a value left the range of the fixed point.
    public struct Overflow: Error {
        /// The value, or NaN.
        public let value: Double
        /// The largest value that fits.
        public let limit: Double
    }

    /// `[samples, ..., C]`.
    public let shape: [Int]
    private let dtype: DType
    private let scale: Double
    private var current: FixedPointStream
    private var previous: FixedPointStream

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
    ///   - x: `[samples, ..., C]`.
    ///   - fractionBits: f; a stream resolves 2⁻ᶠ and holds values below 2⁵⁰⁻ᶠ.
    public init(_ x: Tensor, fractionBits: Int) throws(Overflow) {
        precondition(x.rank >= 2, "streams of shape \(x.shape)")
        shape = x.shape
        dtype = x.dtype
        let scale = Double(sign: .plus, exponent: fractionBits, significand: 1)
        let kernels = Kernels.table(x.dtype), size = x.dtype.byteSize, count = x.count
        // Values of float64 outgrow 4 bytes soon: a dry run, which doesn't see them, counts 8.
        var stream = FixedPointStream(
            count: count, isWide: DryRun.isActive && x.dtype == .float64)
        let chunk = FixedPointPair.chunk
        let pieces = (count + chunk - 1) / chunk
        let overflow =
            unsafe stream.storage.isDry
            ? 0
            : x.read { input in
                FixedPointPair.fill(
                    &stream, lengths: (0..<pieces).map { min(chunk, count - $0 * chunk) }, kernels
                ) { stream, piece, first, progress in
                    let at = piece * chunk + first
                    unsafe kernels.streams_quantize(
                        input + at * size, scale, stream.pointer(at: at), stream.width,
                        &progress.overflow, &progress.done,
                        min(chunk, count - piece * chunk) - first)
                }
            }
        self.scale = scale
        current = stream
        previous = stream.copy()
        try check(overflow)
    }

    /// The f that resolves values such as those of `x` no worse than their own type does.
    ///
    /// An eighth of the spacing of float32 at the root mean square, where 4 bytes hold 16 times that
    /// or more; 2⁻²⁵ for smaller inputs, which streams soon outgrow. Values of float64 get four bits
    /// more.
    public static func fractionBits(for x: Tensor) -> Int {
        let meanSquare = x.dot(x) / Double(max(1, x.count))
        let exponent = meanSquare.isNormal ? Int((meanSquare.squareRoot()).exponent) : 0
        let bits = exponent < -1 ? 25 : min(26, max(0, 26 - exponent))
        return x.dtype == .float32 ? bits : bits + 4
    }

    /// Bytes of both streams.
    public var byteCount: Int { current.byteCount + previous.byteCount }

    /// Rows of x_i, rounded to the working type: `[rows, C]`.
    public func currentValues(_ rows: RowSelection) -> Tensor { values(of: current, rows) }
    /// Rows of x_{i-1}, rounded to the working type: `[rows, C]`.
    public func previousValues(_ rows: RowSelection) -> Tensor { values(of: previous, rows) }

    /// Whether both streams hold the same numbers as another pair's.
    public func isIdentical(to other: FixedPointPair) -> Bool {
        scale == other.scale && current.isIdentical(to: other.current)
            && previous.isIdentical(to: other.previous)
    }

    /// Rows of (x_n + β·x_{n-1}) / (1 + β), one β a sample: `[rows, C]`.
    package func merged(_ rows: RowSelection, beta: [Double]) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, inverse = 1 / scale
        return unsafe .make([rows.count, channels], dtype) { output, _ in
            let pieces = pieces(rows)
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index]
                unsafe kernels.streams_merge(
                    current.pointer(at: piece.place), current.width,
                    previous.pointer(at: piece.place), previous.width, beta[piece.sample],
                    inverse, output + piece.tilePlace * size, piece.count)
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
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize
        try body { (rows, branch) throws(Overflow) in
            check(branch, rows, coefficients)
            let now = current
            let overflow =
                unsafe branch.storage.isDry
                ? 0
                : branch.read { f in
                    fill(&previous, rows, kernels) { before, piece, progress in
                        let k = coefficients[piece.sample], bits = remainder.bits[piece.sample]
                        unsafe kernels.streams_forward(
                            before.pointer(at: piece.place), before.width,
                            now.pointer(at: piece.place), now.width, f + piece.tilePlace * size,
                            k.alpha, k.beta, k.branch, scale, Int32(bits),
                            Int32(-StreamRemainder.range(beta: k.beta).lowest),
                            remainder.bytes + remainder.starts[piece.sample] + piece.group * bits,
                            &progress.overflow, &progress.done, piece.count)
                    }
                }
            try check(overflow)
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
        let kernels = Kernels.table(dtype), scale = scale, size = dtype.byteSize
        body { rows, branch in
            check(branch, rows, coefficients)
            let before = previous
            if branch.storage.isDry { return }
            unsafe branch.read { f in
                _ = fill(&current, rows, kernels) { now, piece, progress in
                    let k = coefficients[piece.sample], bits = remainder.bits[piece.sample]
                    unsafe kernels.streams_reverse(
                        now.pointer(at: piece.place), now.width,
                        before.pointer(at: piece.place), before.width, f + piece.tilePlace * size,
                        k.alpha, k.beta, k.branch, scale, Int32(bits),
                        Int32(-StreamRemainder.range(beta: k.beta).lowest),
                        remainder.bytes + remainder.starts[piece.sample] + piece.group * bits,
                        &progress.done, piece.count)
                }
            }
        }
        swap(&current, &previous)
    }

    /// ``advance(coefficients:_:)`` with F(x_i) of all rows at once.
    public func advance(
        branch: Tensor, coefficients: [StreamCoefficients]
    ) throws(Overflow) -> StreamRemainder {
        try advance(coefficients: coefficients) { (write) throws(Overflow) in
            try write(allRows, branch)
        }
    }

    /// ``reverse(coefficients:remainder:_:)`` with F(x_i) of all rows at once.
    public func reverse(
        branch: Tensor, coefficients: [StreamCoefficients], remainder: StreamRemainder
    ) {
        reverse(coefficients: coefficients, remainder: remainder) { $0(allRows, branch) }
    }

    // MARK: Pieces

    /// Neighbouring numbers of one sample.
    private struct Piece {
        /// The first number's place in the streams.
        let place: Int
        /// Its place in the tile.
        let tilePlace: Int
        let sample: Int
        /// Its group of eight in the sample.
        let group: Int
        let count: Int
    }

    /// How far a kernel came with a piece.
    private struct Progress {
        var done = 0
        var overflow = 0.0
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

    private func check(_ overflow: Double) throws(Overflow) {
        if overflow != 0 {
            throw Overflow(value: overflow / scale, limit: FixedPointStream.limit / scale)
        }
    }

    private func values(of stream: FixedPointStream, _ rows: RowSelection) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize, inverse = 1 / scale
        return unsafe .make([rows.count, channels], dtype) { output, _ in
            let pieces = pieces(rows)
            Parallel.forEach(pieces.count) { index in
                let piece = pieces[index]
                unsafe kernels.streams_value(
                    stream.pointer(at: piece.place), stream.width, inverse,
                    output + piece.tilePlace * size, piece.count)
            }
        }
    }

    /// Rows in pieces, none across samples.
    private func pieces(_ rows: RowSelection) -> [Piece] {
        let perSample = rowsPerSample, groups = (channels + 7) / 8, width = channels
        // Remainders are packed by eights within a row, so rows of another width go one by one.
        let longest = width % 8 == 0 ? max(1, FixedPointPair.chunk / max(1, width)) : 1
        return rows.pieces(border: perSample, longest: longest).map {
            Piece(
                place: $0.row * width, tilePlace: $0.place * width, sample: $0.row / perSample,
                group: $0.row % perSample * groups, count: $0.count * width)
        }
    }

    /// Writes rows of a stream by `body(stream, piece, progress)`; 0, or what overflowed.
    private func fill(
        _ stream: inout FixedPointStream, _ rows: RowSelection, _ kernels: dr_kernels,
        _ body: (FixedPointStream, Piece, inout Progress) -> Void
    ) -> Double {
        if stream.storage.isDry { return 0 }
        let pieces = pieces(rows)
        return FixedPointPair.fill(&stream, lengths: pieces.map(\.count), kernels) {
            stream, index, first, progress in
            let piece = pieces[index]
            body(
                stream,
                Piece(
                    place: piece.place + first, tilePlace: piece.tilePlace + first,
                    sample: piece.sample, group: piece.group + first / 8,
                    count: piece.count - first),
                &progress)
        }
    }

    /// Writes pieces of a stream by `body(stream, index, first number, progress)`; where a number
    /// has no room, the stream takes 8 bytes a number and its pieces go on where they stopped.
    private static func fill(
        _ stream: inout FixedPointStream, lengths: [Int], _ kernels: dr_kernels,
        _ body: (FixedPointStream, Int, Int, inout Progress) -> Void
    ) -> Double {
        if stream.storage.isDry { return 0 }
        var progress = [Progress](repeating: Progress(), count: lengths.count)
        while true {
            let target = stream
            unsafe progress.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                Parallel.forEach(lengths.count) { index in
                    let first = unsafe base[index].done
                    guard first < lengths[index] else { return }
                    unsafe body(target, index, first, &base[index])
                    unsafe base[index].done += first
                }
            }
            let overflow = progress.reduce(0) {
                $1.overflow <= $0 || $0.isNaN ? $0 : $1.overflow
            }
            if overflow != 0 || zip(progress, lengths).allSatisfy({ $0.done >= $1 }) {
                return overflow
            }
            precondition(!stream.isWide, "a number without overflow has no room in 8 bytes")
            stream.widen(kernels)
        }
    }
}
